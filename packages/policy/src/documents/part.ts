/**
 * A part of a document under its path, and how it is read: each method returns what it was asked for, or notes a problem and
 * returns nothing. Readers are written by hand over this and not as a schema: a document of ten thousand policies is read in
 * one pass, each value knows its line, and what is wrong in one field does not hide what is wrong in the next.
 */
import { nearest } from '@waggle/bpf';
import type { Place } from '../rules/rule.ts';
import type { MapNode, Node } from './node.ts';
import type { Reading } from './reading.ts';

/** Fields that are not known here, with what their author should know. */
export type Explanations = Readonly<Record<string, string>>;

export class Part {
  readonly reading: Reading;
  readonly node: Node;
  readonly path: string;

  constructor(reading: Reading, node: Node, path: string) {
    this.reading = reading;
    this.node = node;
    this.path = path;
  }

  get place(): Place {
    return this.reading.place(this.node.offset, this.path);
  }

  /** Notes that this part is wrong. */
  refuse(message: string, hint?: string): undefined {
    this.reading.refuse(this.node.offset, this.path, message, hint);
  }

  /**
   * The fields of a map. Unknown ones are problems.
   *
   * @param known - The fields that may be there.
   * @param explanations - What to say of fields that one could expect here.
   */
  fields<Name extends string>(
    known: readonly Name[],
    explanations: Explanations = {},
  ): Fields<Name> | undefined {
    const { node } = this;
    if (node.kind !== 'map') return this.#refuseKind('a map of fields', `Known fields: ${known.join(', ')}.`);
    for (const [name, { offset }] of node.fields) {
      if ((known as readonly string[]).includes(name)) continue;
      const path = fieldPath(this.path, name);
      this.reading.refuse(offset, path, `There is no field ${JSON.stringify(name)} here.`, hint(name));
    }
    return new Fields<Name>(this, node);

    function hint(name: string): string {
      const explanation = Object.hasOwn(explanations, name) ? explanations[name] : undefined;
      if (explanation !== undefined) return explanation;
      const meant = nearest(name, known);
      return meant === undefined
        ? `Known fields: ${known.join(', ')}.`
        : `Did you mean ${JSON.stringify(meant)}?`;
    }
  }

  /** The entries of a map whose keys are names that the author chose. */
  entries(): [string, Part][] {
    const { node } = this;
    if (node.kind !== 'map') {
      this.#refuseKind('a map');
      return [];
    }
    return [...node.fields].map(([name, field]) => [
      name,
      new Part(this.reading, field.node, fieldPath(this.path, name)),
    ]);
  }

  /** The items of a list. */
  items(): Part[] {
    const { node } = this;
    if (node.kind !== 'list') {
      this.#refuseKind('a list');
      return [];
    }
    return node.items.map((item, index) => new Part(this.reading, item, `${this.path}[${index}]`));
  }

  /** Reads each item of a list, and leaves out those that could not be read. */
  list<Item>(read: (part: Part) => Item | undefined): Item[] {
    const found: Item[] = [];
    for (const part of this.items()) {
      const item = read(part);
      if (item !== undefined) found.push(item);
    }
    return found;
  }

  text(): string | undefined {
    const { node } = this;
    if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
    const quote = node.kind === 'scalar' && node.value !== null ? 'Write it in quotes.' : undefined;
    return this.#refuseKind('a text', quote);
  }

  /** A text that is not empty. */
  word(): string | undefined {
    const text = this.text();
    return text === '' ? this.refuse('This must not be empty.') : text;
  }

  boolean(): boolean | undefined {
    const { node } = this;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    return this.#refuseKind('true or false');
  }

  integer(least: number, most: number): number | undefined {
    const { node } = this;
    const value = node.kind === 'scalar' ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.#refuseKind(`a number from ${least} to ${most}`);
  }

  /** One of some words. */
  oneOf<Word extends string>(words: readonly Word[]): Word | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const meant = nearest(text, words);
    const guess = meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`;
    return this.refuse(`${JSON.stringify(text)} is not known here.`, `Allowed: ${words.join(', ')}.${guess}`);
  }

  #refuseKind(wanted: string, hint?: string): undefined {
    return this.refuse(`This has to be ${wanted}, but it is ${describe(this.node)}.`, hint);
  }
}

/** The fields of a map, by name. */
export class Fields<Name extends string> {
  readonly part: Part;
  readonly #map: MapNode;

  constructor(part: Part, map: MapNode) {
    this.part = part;
    this.#map = map;
  }

  /** A field; one that is null counts as absent, as in Kubernetes. */
  get(name: Name): Part | undefined {
    const field = this.#map.fields.get(name);
    if (field === undefined || !this.has(name)) return undefined;
    const { path } = this.part;
    return new Part(this.part.reading, field.node, path === '' ? name : `${path}.${name}`);
  }

  /** Whether a field is there. */
  has(name: Name): boolean {
    const node = this.#map.fields.get(name)?.node;
    return node !== undefined && !(node.kind === 'scalar' && node.value === null);
  }

  /** A field that has to be there. */
  need(name: Name): Part | undefined {
    return this.get(name) ?? this.part.refuse(`The field ${JSON.stringify(name)} is missing.`);
  }
}

function fieldPath(path: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

function describe(node: Node): string {
  switch (node.kind) {
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    case 'scalar':
      if (node.value === null) return 'empty';
      return `the ${typeof node.value === 'string' ? 'text' : typeof node.value} ${JSON.stringify(node.value)}`;
  }
}
