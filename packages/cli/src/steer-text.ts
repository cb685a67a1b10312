/** What `waggle steer` prints. */
import { formatPrefix } from '@waggle/kernel';
import {
  type Binding,
  type BindingDiff,
  type CountedBinding,
  formatBinding,
  formatMissing,
  formatPorts,
  type LabelStatus,
  type RegisteredSocket,
} from '@waggle/steering';
import { formatMode } from './owner.ts';
import { table } from './table.ts';

/** A cookie as `ss -e` shows it. */
const cookieText = (cookie: bigint): string => `sk:${cookie.toString(16)}`;

export function bindingsText(bindings: readonly (Binding | CountedBinding)[]): string {
  if (bindings.length === 0) return 'no bindings; add one with waggle steer bind\n';
  return table(
    ['LABEL', 'PROTOCOL', 'PREFIX', 'PORT', 'MISSING', 'LOOKUPS'],
    bindings.map((binding) => [
      binding.label,
      binding.protocol,
      formatPrefix(binding.prefix),
      formatPorts(binding.ports),
      formatMissing(binding.missing),
      'lookups' in binding ? binding.lookups : 0n,
    ]),
  );
}

export const registeredText = (sockets: readonly RegisteredSocket[]): string =>
  table(
    ['LABEL', 'KIND', 'SOCKET', 'WEIGHT', 'STATE'],
    sockets.map(({ label, kind, cookie, weight, state }) => [label, kind, cookieText(cookie), weight, state]),
  );

export function statusText(status: readonly LabelStatus[]): string {
  if (status.length === 0) return 'no labels; make one with waggle steer bind or register-pid\n';
  const counts = table(
    ['LABEL', 'BINDINGS', 'SOCKETS', 'LOOKUPS', 'HITS', 'MISSES', 'DROPPED', 'ERRORS'],
    status.map(({ label, bindings, sockets, lookups, hits, misses, dropped, errors }) => [
      label,
      bindings.length,
      sockets.length,
      lookups,
      hits,
      misses,
      dropped,
      errors,
    ]),
  );
  const sockets = status.flatMap((each) => each.sockets);
  return sockets.length === 0 ? counts : `${counts}\n${registeredText(sockets)}`;
}

export function diffText({ added, removed, changed, unchanged }: BindingDiff, dryRun: boolean): string {
  const lines = [
    ...added.map((binding) => `+ ${formatBinding(binding)}`),
    ...removed.map((binding) => `- ${formatBinding(binding)}`),
    ...changed.map((binding) => `~ ${formatBinding(binding)}`),
  ];
  const verb = dryRun ? 'would be' : 'were';
  const counts = `${added.length} added, ${removed.length} removed, ${changed.length} changed, ${unchanged} the same`;
  return `${[...lines.slice(0, 50), ...(lines.length > 50 ? [`… and ${lines.length - 50} more`] : [])]
    .map((line) => `${line}\n`)
    .join('')}bindings ${verb} replaced: ${counts}\n`;
}

/** What programs get: addresses as text, counts as numbers, cookies as `ss -e` shows them. */
export function steerData(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(steerData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (name === 'cookie' && typeof each === 'bigint') return [name, each.toString(16)];
      if (name === 'mode' && typeof each === 'number') return [name, formatMode(each)];
      if (name === 'prefix') return [name, formatPrefix(each)];
      if (name === 'ports') return ['port', formatPorts(each)];
      if (name === 'missing') return [name, formatMissing(each)];
      return [name, steerData(each)];
    }),
  );
}
