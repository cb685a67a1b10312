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
  const [first, second] = readDnsRule(part);
  if (first === undefined || second === undefined) return first;
  return part.refuse('Only one of matchName and matchPattern can stand here.', 'Make two items of it.');
}

/** Reads `{ matchName, matchPattern }` of a DNS rule: with both it is two rules. */
export function readDnsRule(part: Part): FqdnSelector[] {
  const fields = part.fields(['matchName', 'matchPattern']);
  if (fields === undefined) return [];
  const name = fields.get('matchName');
  const pattern = fields.get('matchPattern');
  if (name === undefined && pattern === undefined)
    part.refuse('One of matchName and matchPattern is needed.');
  const matchName =
    name &&
    readName(name, NAME, 'Allowed: letters, digits, "-", "_" and ".". For "*" there is matchPattern.');
  const matchPattern =
    pattern && readName(pattern, PATTERN, 'Allowed: letters, digits, "-", "_", "." and "*".');
  return [
    ...(matchName === undefined ? [] : [{ matchName }]),
    ...(matchPattern === undefined ? [] : [{ matchPattern }]),
  ];
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
