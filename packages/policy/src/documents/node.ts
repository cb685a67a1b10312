/**
 * What a document says, whether it was written as YAML or JSON: scalars, lists and maps, each with the offset at which it
 * begins in the text. Lines are computed from offsets only where somebody asks for them.
 */

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly value: Scalar;
}

export interface ListNode {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly Node[];
}

/** A field of a map: `offset` is that of its key. */
export interface Field {
  readonly offset: number;
  readonly node: Node;
}

export interface MapNode {
  readonly kind: 'map';
  readonly offset: number;
  readonly fields: ReadonlyMap<string, Field>;
}

export type Node = ScalarNode | ListNode | MapNode;

/** How deeply lists and maps may lie within each other: more than any policy needs, less than a call stack holds. */
export const DEEPEST = 100;

/** A node as a value of JSON. */
export function plainValue(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries([...node.fields].map(([name, field]) => [name, plainValue(field.node)]));
}
