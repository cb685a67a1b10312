/** Tables of texts that are refused, each with its problems and their places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyFileError } from '../../documents/policy-file-error.ts';
import { parsePolicies } from '../parse.ts';

/** What a text is refused with. */
export function refusal(text: string): PolicyFileError {
  try {
    parsePolicies(text, { file: 'x.yaml' });
  } catch (error) {
    assert.ok(error instanceof PolicyFileError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `not refused: ${text}` });
}

/** A text, and each of its problems as `LINE PATH: words of the message and the hint`. */
export type Case = readonly [name: string, text: string, ...problems: string[]];

/** A test for each case. */
export function check(cases: readonly Case[]): void {
  for (const [name, text, ...expected] of cases) {
    test(name, () => {
      const { problems } = refusal(text);
      const found = problems.map(
        ({ place, message, hint }) => `${place.line} ${place.path}: ${message} ${hint ?? ''}`,
      );
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, problem] of expected.entries()) {
        assert.ok(
          found[index]?.startsWith(problem) || matches(found[index] ?? '', problem),
          `${found[index]}\n${problem}`,
        );
      }
    });
  }
}

/** Whether a problem is at the place and has the words after it. */
function matches(found: string, expected: string): boolean {
  const [place, words] = expected.split(': …');
  return words !== undefined && found.startsWith(`${place}: `) && found.includes(words);
}
