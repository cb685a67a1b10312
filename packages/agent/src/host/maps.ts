/** The maps of the datapath, for those who look at them: how full they are, and what is in them, as text. */
import { mapTypes, WaggleError } from '@waggle/bpf';
import { columnsText, Datapath, mapRows, type PinnedObject } from '@waggle/datapath';
import { type KernelMap, TableMap } from '@waggle/kernel';
import type { MapListing, MapView } from '../control.ts';

/** How many entries a listing has unless more are asked for. */
const DEFAULT_LIMIT = 1000;

/** All maps, with how full they are. Counting walks the whole of a map. */
export function mapViews(datapath: Datapath, pins: string): MapView[] {
  const pinned = Datapath.list(pins);
  return Object.entries<KernelMap>(datapath.maps).map(([name, map]) => viewOf(name, map, pins, pinned));
}

/**
 * A map with its entries.
 * @throws WaggleError NOT_FOUND
 */
export function mapListing(
  datapath: Datapath,
  pins: string,
  name: string,
  limit = DEFAULT_LIMIT,
): MapListing {
  const map: KernelMap | undefined = Object.hasOwn(datapath.maps, name) ? datapath.maps[name] : undefined;
  if (map === undefined) {
    throw new WaggleError('NOT_FOUND', `There is no map ${name}.`, {
      hint: `There are ${Object.keys(datapath.maps).join(', ')}`,
    });
  }
  const content: { key: string; value: string }[] = [];
  const view = viewOf(name, map, pins, Datapath.list(pins));
  let truncated = false;
  for (const line of linesOf(datapath, name, map)) {
    truncated = content.length === limit;
    if (truncated) break;
    content.push(line);
  }
  return { ...view, content, truncated };
}

/** What is in a map: in columns with names, where they are known. */
function* linesOf(
  datapath: Datapath,
  name: string,
  map: KernelMap,
): Generator<{ readonly key: string; readonly value: string }> {
  const rows = mapRows(datapath, name);
  if (rows) {
    for (const { key, value } of rows) yield { key: columnsText(key), value: columnsText(value) };
  } else if (map instanceof TableMap) {
    for (const [key, value] of map.entries()) yield { key: textOf(key), value: textOf(value) };
  }
}

function viewOf(name: string, map: KernelMap, pins: string, pinned: readonly PinnedObject[]): MapView {
  const { type, keySize, valueSize, maxEntries } = map.info();
  const kind = Object.entries(mapTypes).find(([, { number }]) => number === type)?.[0] ?? String(type);
  const entries = map instanceof TableMap ? countOf(map) : 0;
  // The directory is named by the layout of all maps.
  const path =
    pinned.find((object) => object.kind === 'map' && object.path.endsWith(`/${name}`))?.path ?? pins;
  return { name, type: kind, entries, maxEntries, keySize, valueSize, path };
}

function countOf(map: TableMap<unknown, never, unknown>): number {
  const { keys } = map.readPacked();
  const { keySize } = map.info();
  return keySize === 0 ? 0 : keys.length / keySize;
}

/** A key or a value as people read it: numbers, and fields by their names. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return each.toString();
    if (each instanceof Uint8Array) return Buffer.from(each).toString('hex');
    return each;
  });
}
