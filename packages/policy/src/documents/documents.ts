/** From a text to its documents: JSON, or YAML with any number of documents. */
import { readJson } from './json.ts';
import type { Node } from './node.ts';
import { Part } from './part.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { Reading } from './reading.ts';
import { readYaml } from './yaml.ts';

/**
 * The documents of a text, one after the other, without those that are empty. What is wrong with the text is noted.
 *
 * @param reading - The run over the text.
 */
export function* readDocuments(reading: Reading): Generator<Part> {
  for (const node of nodes(reading)) {
    if (node.kind !== 'scalar' || node.value !== null) yield new Part(reading, node, '');
  }
}

function nodes(reading: Reading): Iterable<Node> {
  const { text, file } = reading;
  if (!/^\s*[[{]/.test(text)) return yamlDocuments(reading);
  const json = readJson(reading);
  if ('kind' in json) return [json];
  // YAML has the same brackets: the text may have comments, or further documents. If it is neither of the two, it is said to
  // be wrong as what it could be followed furthest as.
  const attempt = new Reading(text, file);
  const yaml = readYaml(attempt, text, 0);
  const wrong = attempt.firstProblem;
  if (wrong === undefined) return yaml;
  if (wrong > json.offset) return readYaml(reading, text, 0);
  reading.refuse(json.offset, '', `This is no JSON: ${json.message}.`);
  return [];
}

/** Each document by the fast reader; by the complete one where that does not do. */
function* yamlDocuments(reading: Reading): Generator<Node> {
  const { text } = reading;
  const bounds = documentBounds(text);
  if (bounds === undefined) {
    yield* readYaml(reading, text, 0);
    return;
  }
  for (const [start, end] of bounds) {
    const plain = readPlainYaml(text, start, end);
    if (plain === undefined) yield* readYaml(reading, text.slice(start, end), start);
    else yield plain;
  }
}

/** Where the documents of a YAML text begin and end; nothing when that takes more than looking for `---`. */
function documentBounds(text: string): [number, number][] | undefined {
  // Carriage returns, tabs and byte order marks are blanks to YAML, but not everywhere.
  if (/[\r\t\uFEFF]/.test(text)) return undefined;
  const bounds: [number, number][] = [];
  let start = 0;
  // Not `^` and `$`: they hold at more characters than those that end a line of YAML.
  for (const { 0: line, index } of text.matchAll(/(?<![^\n])(?:---|\.\.\.|%)[^\n]*/g)) {
    if (!/^--- *(?: #.*)?$/s.test(line)) return undefined;
    bounds.push([start, index]);
    start = index + line.length;
  }
  bounds.push([start, text.length]);
  return bounds;
}
