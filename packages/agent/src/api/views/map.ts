/** Maps in the field's shape. */
import type { MapListing, MapView } from '../../control.ts';
import type { BPFMap } from '../models/map.ts';

export const mapModel = (map: MapView): BPFMap => ({
  path: map.path,
  name: map.name,
  type: map.type,
  entries: map.entries,
  'max-entries': map.maxEntries,
  'key-size': map.keySize,
  'value-size': map.valueSize,
});

export const mapListingModel = (map: MapListing): BPFMap => ({
  ...mapModel(map),
  // What is shown was read from the kernel: nothing is still to be done to it.
  cache: map.content.map(({ key, value }) => ({ key, value, 'desired-action': 'ok' })),
  truncated: map.truncated,
});
