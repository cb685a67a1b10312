/**
 * YAML with positions, by the package `yaml`, version 1.2. Aliases are followed, but not without end: a few lines of
 * them can stand for more nodes than fit into any memory.
 */
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  Parser,
  type Node as YamlNode,
} from 'yaml';
import { DEEPEST, type Field, type Node, type Scalar } from './node.ts';
import type { Reading } from './reading.ts';

const TOO_DEEP = 'Lists and maps lie too deep in each other.';
const DEPTH_HINT = `At most ${DEEPEST} levels are read.`;
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
  const tokens = [...new Parser().parse(text)];
  const tooDeep = tokens.map(firstTooDeep).find((offset) => offset !== undefined);
  if (tooDeep !== undefined) {
    reading.refuse(start + tooDeep, '', TOO_DEEP, DEPTH_HINT);
    return [];
  }
  // Equal keys are looked for below: the package compares each key with each other one.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const documents = [...composer.compose(tokens)];
  return documents.flatMap((document) => {
    for (const { pos, message } of document.errors) {
      reading.refuse(start + pos[0], '', `This is no YAML: ${asSentence(message)}`);
    }
    if (document.errors.length > 0 || document.contents === null) return [];
    return new Conversion(reading, start).document(document.contents) ?? [];
  });
}

/**
 * Where a document first lies too deep. It has to be known before nodes are made of it: that is done by recursion, and
 * where a call stack is nearly full, Node.js may not throw but end the process.
 */
function firstTooDeep(document: CST.Token): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [{ token: document, depth: -1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > DEEPEST) return token.offset;
    const inside = 'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : [];
    if (token.type === 'document') inside.push(token.value);
    for (const each of inside) if (each) open.push({ token: each, depth: depth + 1 });
  }
  return undefined;
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
  #complete = true;

  constructor(reading: Reading, start: number) {
    this.#reading = reading;
    this.#start = start;
  }

  /** The whole document. With a part of it missing, the rest would be found wrong for no reason: then nothing. */
  document(contents: YamlNode): Node | undefined {
    const node = this.#node(contents);
    return this.#complete ? node : undefined;
  }

  #node(from: YamlNode): Node | undefined {
    const offset = this.#start + (from.range?.[0] ?? 0);
    if (isAlias(from)) return this.#alias(from.source, offset);
    const before = this.#size++;
    const node = this.#convert(from, offset);
    if (node !== undefined && 'anchor' in from && from.anchor !== undefined) {
      this.#anchors.set(from.anchor, { node, size: this.#size - before });
    }
    return node;
  }

  #convert(from: YamlNode, offset: number): Node | undefined {
    if (isScalar(from)) return { kind: 'scalar', offset, value: scalarOf(from.value) };
    if (isSeq<YamlNode>(from)) {
      const items = from.items.flatMap((item) => this.#node(item) ?? []);
      return { kind: 'list', offset, items };
    }
    if (isMap<YamlNode, YamlNode | null>(from))
      return { kind: 'map', offset, fields: this.#fields(from.items) };
    return this.#refuse(offset, 'This is no text, number, list or map.');
  }

  #fields(pairs: readonly Pair<YamlNode, YamlNode | null>[]): Map<string, Field> {
    const fields = new Map<string, Field>();
    for (const { key, value } of pairs) {
      const offset = this.#start + (key.range?.[0] ?? 0);
      if (!isScalar(key)) {
        this.#refuse(offset, 'A key has to be a text.');
        continue;
      }
      const name = String(scalarOf(key.value) ?? '');
      if (fields.has(name)) {
        this.#reading.refuse(offset, '', `The key ${JSON.stringify(name)} stands here twice.`);
      }
      const node = value === null ? absent(offset) : this.#node(value);
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
    this.#complete = false;
    this.#reading.refuse(offset, '', message, hint);
  }
}

const absent = (offset: number): Node => ({ kind: 'scalar', offset, value: null });

function scalarOf(value: unknown): Scalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}
