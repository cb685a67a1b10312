/**
 * Rows of the map of policies, one for each identity in each set. A row that is new costs a wait of some 8 ms: the kernel comes back
 * when every program that ran has ended, although none can have missed what was not there before. So that wait is another thread's.
 */
import { createMap, openMap } from '@waggle/kernel';
import type { DatapathMaps } from './layout.ts';
import { policies, type policy } from './policy.bpf.ts';

/**
 * Gives an identity a policy without entries in both sets, which drops everything as none does.
 * @param spec the declaration of one policy, with its size.
 * @returns whether that was done; not where there was one in either set.
 */
export async function makeEmptyRows(
  map: DatapathMaps['policies'],
  spec: typeof policy,
  identity: number,
): Promise<boolean> {
  // A descriptor of its own: the other one may be closed meanwhile, and its number be another map's.
  using own = openMap({ id: map.info().id }, policies);
  using first = createMap(spec);
  using second = createMap(spec);
  const rows = [first, second].map((each, set) => own.setAside({ identity, set }, each, 'create'));
  return (await Promise.all(rows)).every((done) => done);
}
