/** Rules for requests of HTTP. */
import type { Part } from '../documents/part.ts';
import type { HeaderMatch, HttpRule } from './l7.ts';
import { regexProblem } from './regex.ts';
import { readSecret } from './secret.ts';

/** `{ path, method, host, headers, headerMatches }`; empty texts count as absent. */
export function readHttpRule(part: Part): HttpRule | undefined {
  const fields = part.fields(['path', 'method', 'host', 'headers', 'headerMatches']);
  if (fields === undefined) return undefined;
  const path = readRegex(fields.get('path'));
  const method = readRegex(fields.get('method'));
  const host = readRegex(fields.get('host'));
  const headers = fields.get('headers')?.list((item) => item.word());
  const headerMatches = fields.get('headerMatches')?.list(readHeaderMatch);
  return {
    ...(path !== undefined && { path }),
    ...(method !== undefined && { method }),
    ...(host !== undefined && { host }),
    ...(headers && { headers }),
    ...(headerMatches && { headerMatches }),
  };
}

function readRegex(part: Part | undefined): string | undefined {
  const text = part?.text() || undefined;
  const problem = text === undefined ? undefined : regexProblem(text);
  if (problem === undefined) return text;
  return part?.refuse(
    `${JSON.stringify(text)} is no regular expression: ${problem}.`,
    'Allowed: extended POSIX ones; they have to match the whole text, and "any" is ".*".',
  );
}

function readHeaderMatch(part: Part): HeaderMatch | undefined {
  const fields = part.fields(['name', 'value', 'secret', 'mismatch']);
  const name = fields?.need('name')?.word();
  const value = fields?.get('value')?.text();
  const secretPart = fields?.get('secret');
  const secret = secretPart && readSecret(secretPart);
  const mismatchPart = fields?.get('mismatch');
  const mismatch = isEmpty(mismatchPart)
    ? undefined
    : mismatchPart?.oneOf(['LOG', 'ADD', 'DELETE', 'REPLACE']);
  if (name === undefined) return undefined;
  return {
    name,
    ...(value !== undefined && { value }),
    ...(secret && { secret }),
    ...(mismatch && { mismatch }),
  };
}

const isEmpty = (part: Part | undefined): boolean => part?.node.kind === 'scalar' && part.node.value === '';
