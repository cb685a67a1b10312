/** What a steering does at this moment: its labels with their sockets and counts. */
import { BindingStore, type CountedBinding } from './binding-store.ts';
import { type LabelOwner, ownerOf } from './label-maps.ts';
import type { RegisteredSocket } from './label-sockets.ts';
import { LabelTable } from './label-table.ts';
import { Registry } from './registry.ts';
import type { Steering } from './steering.ts';

/** Packets that met bindings of a label: first packets of TCP connections, and datagrams to unconnected UDP sockets. */
export interface LabelCounts {
  readonly lookups: bigint;
  /** Given to a socket. */
  readonly hits: bigint;
  /** No socket of the label was alive. */
  readonly misses: bigint;
  /** Refused for that reason. */
  readonly dropped: bigint;
  /** Sockets that the kernel did not take. */
  readonly errors: bigint;
}

export interface LabelStatus extends LabelCounts {
  readonly label: string;
  /** Who may register sockets with it. */
  readonly owner: LabelOwner;
  readonly sockets: readonly RegisteredSocket[];
  readonly bindings: readonly CountedBinding[];
}

const NAMES = ['lookups', 'hits', 'misses', 'dropped', 'errors'] as const;

/**
 * The status of every label, by name, or of one.
 * @throws WaggleError NOT_FOUND for a label that there is not.
 */
export function labelStatus(steering: Steering, only?: string): LabelStatus[] {
  const labels = new LabelTable(steering);
  if (only !== undefined) labels.idOf(only);
  const sockets = new Registry(steering).list();
  const bindings = new BindingStore(steering).list();
  return (only === undefined ? labels.names : [only]).map((label) => {
    const perCpu = steering.maps.counters.get(labels.idOf(label)) ?? [];
    const sum = (name: (typeof NAMES)[number]): bigint =>
      perCpu.reduce((total, each) => total + each[name], 0n);
    return {
      label,
      owner: ownerOf(steering.directory, label),
      lookups: sum('lookups'),
      hits: sum('hits'),
      misses: sum('misses'),
      dropped: sum('dropped'),
      errors: sum('errors'),
      sockets: sockets.filter((socket) => socket.label === label),
      bindings: bindings.filter((binding) => binding.label === label),
    };
  });
}
