/**
 * YAML with positions, by the package `yaml`, version 1.2. Aliases are followed, but not without end: a few lines of
 * them can stand for more nodes than fit into any memory.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  type Node as YamlNode,
} from 'yaml';
import { DEEPEST, type Field, type Node, type Scalar } from './node.ts';
import type { Reading } from './reading.ts';

/** How many nodes the aliases of one document may add. */
const MOST_ALIASED = 100_000;

/**
 * Reads a part of a text that holds whole YAML documents. What is wrong with it is noted.
 *
 * @param reading - The run.
 * @param text - The part.
 * @param start - Where the part begins in the whole text.
 */
export function readYaml(reading: Reading, text: string, start: number): Node[] {
  let documents: readonly Document.Parsed[];
  try {
    // Equal keys are looked for below: the package compares each key with each other one.
    documents = [...parseAllDocuments(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' })];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reading.refuse(
      start,
      '',
      'Lists and maps lie too deep in each other.',
      `At most ${DEEPEST} levels are read.`,
    );
    return [];
  }
  return documents.flatMap((document) => {
    for (const { pos, message } of document.errors) {
      reading.refuse(start + pos[0], '', `This is no YAML: ${asSentence(message)}`);
    }
    if (document.errors.length > 0 || document.contents === null) return [];
    const node = new Conversion(reading, start).node(document.contents, 0);
    return node === undefined ? [] : [node];
  });
}

const asSentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);

/** From the package's nodes to ours, one document. */
class Conversion {
  readonly #reading: Reading;
  readonly #start: number;
  readonly #anchors = new Map<string, { readonly node: Node; readonly size: number }>();
  /** How many nodes there are so far, each alias counted with all that it stands for. */
  #size = 0;
  #aliased = 0;

  constructor(reading: Reading, start: number) {
    this.#reading = reading;
    this.#start = start;
  }

  /** The node, or nothing after a problem. */
  node(from: YamlNode, depth: number): Node | undefined {
    const offset = this.#start + (from.range?.[0] ?? 0);
    if (depth > DEEPEST) {
      return this.#refuse(
        offset,
        'Lists and maps lie too deep in each other.',
        `At most ${DEEPEST} levels are read.`,
      );
    }
    if (isAlias(from)) return this.#alias(from.source, offset);
    const before = this.#size++;
    const node = this.#convert(from, offset, depth);
    if (node !== undefined && 'anchor' in from && from.anchor !== undefined) {
      this.#anchors.set(from.anchor, { node, size: this.#size - before });
    }
    return node;
  }

  #convert(from: YamlNode, offset: number, depth: number): Node | undefined {
    if (isScalar(from)) return { kind: 'scalar', offset, value: scalarOf(from.value) };
    if (isSeq<YamlNode>(from)) {
      const items = from.items.flatMap((item) => this.node(item, depth + 1) ?? []);
      return { kind: 'list', offset, items };
    }
    if (isMap<YamlNode, YamlNode | null>(from))
      return { kind: 'map', offset, fields: this.#fields(from.items, depth) };
    return this.#refuse(offset, 'This is no text, number, list or map.');
  }

  #fields(pairs: readonly Pair<YamlNode, YamlNode | null>[], depth: number): Map<string, Field> {
    const fields = new Map<string, Field>();
    for (const { key, value } of pairs) {
      const offset = this.#start + (key.range?.[0] ?? 0);
      if (!isScalar(key)) {
        this.#refuse(offset, 'A key has to be a text.');
        continue;
      }
      const name = String(scalarOf(key.value) ?? '');
      if (fields.has(name)) this.#refuse(offset, `The key ${JSON.stringify(name)} stands here twice.`);
      const node = value === null ? absent(offset) : this.node(value, depth + 1);
      if (node !== undefined) fields.set(name, { offset, node });
    }
    return fields;
  }

  #alias(name: string, offset: number): Node | undefined {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      return this.#refuse(
        offset,
        `The alias *${name} stands for nothing.`,
        `Its anchor &${name} has to stand before it, and not around it.`,
      );
    }
    this.#size += target.size;
    this.#aliased += target.size;
    if (this.#aliased <= MOST_ALIASED) return target.node;
    // Once is enough, however many aliases follow.
    if (this.#aliased - target.size > MOST_ALIASED) return undefined;
    return this.#refuse(
      offset,
      `The aliases of this document stand for more than ${MOST_ALIASED} nodes.`,
      'Write out what is meant.',
    );
  }

  #refuse(offset: number, message: string, hint?: string): undefined {
    this.#reading.refuse(offset, '', message, hint);
  }
}

const absent = (offset: number): Node => ({ kind: 'scalar', offset, value: null });

function scalarOf(value: unknown): Scalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}
