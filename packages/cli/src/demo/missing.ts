/** Whether the story can play for real on this machine, and if not, what is missing, in a sentence. */
import { features, probe, readHost } from '@waggle/kernel';

/** What the lab host and the agent on it cannot do without; privileges come first, as they explain all the rest. */
const NEEDED: readonly string[] = [
  'network namespace',
  'network veth',
  'map hash',
  'map lpmTrie',
  'map hashOfMaps',
  'map lruHash',
  'map perCpuArray',
  'map ringBuffer',
  'program tc',
  'attach tcx',
];

/** The sentence; undefined where nothing is missing. */
export function whatIsMissing(): string | undefined {
  const { uid, missing } = readHost().privileges;
  if (missing.length > 0) {
    const who = uid === 0 ? 'This root user' : `This user (uid ${uid})`;
    return `${who} may not load programs into the kernel: ${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} missing.`;
  }
  for (const name of NEEDED) {
    const result = probe(name);
    if (!result.available)
      return `This machine has not all it takes: no ${features.get(name)?.title ?? name} (${result.detail}).`;
  }
  return undefined;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
