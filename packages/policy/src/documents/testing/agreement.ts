/** The fast reader of YAML against the complete one: what both make of a text, with the lines of everything in it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Node } from '../node.ts';
import { readPlainYaml } from '../plain-yaml.ts';
import { Reading } from '../reading.ts';
import { readYaml } from '../yaml.ts';

/** Values with the line of each; that of what is not written is anybody's guess. */
export function withLines(reading: Reading, node: Node): unknown {
  const { line } = reading.place(node.offset, '');
  switch (node.kind) {
    case 'scalar':
      return node.value === null ? null : [node.value, line];
    case 'list':
      return [line, ...node.items.map((item) => withLines(reading, item))];
    case 'map':
      return {
        line,
        fields: [...node.fields].map(([name, field]) => [
          name,
          reading.place(field.offset, '').line,
          withLines(reading, field.node),
        ]),
      };
  }
}

/**
 * Sees to it that what the fast reader says of one document is what the complete one says, and that it says nothing of what
 * is no YAML.
 *
 * @returns Whether the fast reader understood the text.
 */
export function agree(text: string): boolean {
  const plain = readPlainYaml(text, 0, text.length);
  if (plain === undefined) return false;
  const reading = new Reading(text);
  const documents = readYaml(reading, text, 0);
  assert.equal(reading.firstProblem, undefined, `no YAML, but it was read: ${text}`);
  assert.ok(documents.length < 2, text);
  const [complete] = documents;
  assert.deepEqual(
    withLines(reading, plain),
    complete === undefined ? null : withLines(reading, complete),
    text,
  );
  return true;
}

/**
 * Sees to it that the two readers agree on random texts. How many of them the fast reader understands is a matter of luck:
 * that they are enough to mean anything is counted over texts that are the same each time.
 *
 * @param texts - The texts.
 * @param options - How many to try, and what part of them has to be understood.
 */
export function assertAgreement(
  texts: fc.Arbitrary<string>,
  { runs, understood }: { readonly runs: number; readonly understood: number },
): void {
  fc.assert(
    fc.property(texts, (text) => {
      agree(text);
    }),
    { numRuns: runs },
  );
  const sample = fc.sample(texts, { seed: 1, numRuns: 300 });
  const count = sample.filter((text) => readPlainYaml(text, 0, text.length) !== undefined).length;
  assert.ok(count >= understood * sample.length, `only ${count} of ${sample.length} are understood`);
}
