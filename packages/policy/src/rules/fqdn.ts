/** Names and patterns of names, as toFQDNs and DNS rules have them: lower case, with their final dot. */
import type { Part } from '../documents/part.ts';

export type FqdnSelector = { readonly matchName: string } | { readonly matchPattern: string };

const NAME = /^[-a-zA-Z0-9_.]+$/;
const PATTERN = /^[-a-zA-Z0-9_.*]+$/;
/** As a whole pattern this is every name; with a dot it would be the names of one label. */
const ANY_NAME = '*';
/** A DNS name has 253 characters at most. */
const LONGEST = 253;

/** Reads `{ matchName }` or `{ matchPattern }`. */
export function readFqdn(part: Part): FqdnSelector | undefined {
  const fields = part.fields(['matchName', 'matchPattern']);
  if (fields === undefined) return undefined;
  const name = fields.get('matchName');
  const pattern = fields.get('matchPattern');
  if ((name === undefined) === (pattern === undefined)) {
    return part.refuse('One of matchName and matchPattern is needed, and only one.');
  }
  if (name !== undefined) {
    const text = readName(
      name,
      NAME,
      'Allowed: letters, digits, "-", "_" and ".". For "*" there is matchPattern.',
    );
    return text === undefined ? undefined : { matchName: text };
  }
  const text = pattern && readName(pattern, PATTERN, 'Allowed: letters, digits, "-", "_", "." and "*".');
  return text === undefined ? undefined : { matchPattern: text };
}

function readName(part: Part, allowed: RegExp, hint: string): string | undefined {
  const text = part.word();
  if (text === undefined) return undefined;
  if (!allowed.test(text)) return part.refuse(`${JSON.stringify(text)} is no name of DNS.`, hint);
  if (text.length > LONGEST)
    return part.refuse(`This name has ${text.length} characters.`, `At most ${LONGEST} are allowed.`);
  const lower = text.toLowerCase();
  return lower.endsWith('.') || lower === ANY_NAME ? lower : `${lower}.`;
}
