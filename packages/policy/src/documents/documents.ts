/** From a text to its documents: JSON, or YAML with any number of documents. */
import { readJson } from './json.ts';
import type { Node } from './node.ts';
import { Part } from './part.ts';
import { Reading } from './reading.ts';
import { readYaml } from './yaml.ts';

/**
 * The documents of a text, without those that are empty. What is wrong with the text is noted.
 *
 * @param reading - The run over the text.
 */
export const readDocuments = (reading: Reading): Part[] =>
  nodes(reading)
    .filter((node) => node.kind !== 'scalar' || node.value !== null)
    .map((node) => new Part(reading, node, ''));

function nodes(reading: Reading): Node[] {
  const { text, file } = reading;
  if (!/^\s*[[{]/.test(text)) return readYaml(reading, text, 0);
  const json = readJson(reading);
  if ('kind' in json) return [json];
  // YAML has the same brackets: the text may have comments, or further documents. If it is neither of the two, it is said to
  // be wrong as what it was followed furthest.
  const attempt = new Reading(text, file);
  const yaml = readYaml(attempt, text, 0);
  const wrong = attempt.firstProblem;
  if (wrong === undefined) return yaml;
  if (wrong > json.offset) return readYaml(reading, text, 0);
  reading.refuse(json.offset, '', `This is no JSON: ${json.message}.`);
  return [];
}
