/**
 * The same calls of helpers, run in the kernel and in the interpreter. Whatever a call answers is mixed into one number;
 * that, the maps and the packet are compared.
 */
import {
  arrayMap,
  be32,
  codecOf,
  hashMap,
  type Infer,
  lpmTrie,
  type MapSpec,
  perCpuArrayMap,
  queueMap,
  stackMap,
  struct,
  u32,
  u64,
} from '@waggle/bpf';
import { assembleText, Machine, type PacketContext } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';

/** For `test(name, { skip: needsRoot }, …)`. */
export const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to create maps and programs';

const PrefixKey = struct('prefix_key', { prefixLength: u32, address: be32 });
const specs = {
  result: arrayMap({ value: u64, maxEntries: 1 }),
  hash: hashMap({ key: u32, value: u64, maxEntries: 3 }),
  array: arrayMap({ value: u64, maxEntries: 3 }),
  trie: lpmTrie({ key: PrefixKey, value: u64, maxEntries: 4 }),
  cpus: perCpuArrayMap({ value: u64, maxEntries: 3 }),
  queue: queueMap({ value: u64, maxEntries: 3 }),
  stack: stackMap({ value: u64, maxEntries: 3 }),
} as const satisfies Record<string, MapSpec>;

/** Mixes r0 into r7. */
export const MIX = ['mul r7, 31', 'add r7, r0'];

/** A program that keeps its context in r6 and the mixture of all answers in r7, which ends up in the map `result`. */
const program = (calls: readonly string[]) =>
  assembleText(
    [
      'mov r6, r1',
      'mov r7, 7',
      ...calls,
      'stw [r10-4], 0',
      'r1 = map[result] ll',
      'mov r2, r10',
      'add r2, -4',
      'call map_lookup_elem',
      'jeq r0, 0, out',
      'stxdw [r0], r7',
      'out: mov r0, 1',
      'exit',
    ].join('\n'),
  );

/** Everything that the two must agree on. */
export interface Outcome {
  readonly verdict: number;
  readonly result: bigint | undefined;
  readonly packet: string;
  readonly contents: Readonly<Record<string, unknown>>;
}

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

/** Entries in an order that does not depend on how a map keeps them. */
const sorted = <K, V>(entries: Iterable<readonly [K, V]>, write: (key: K) => Uint8Array) =>
  [...entries]
    .map(([key, value]) => [hex(write(key)), value])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));

const prefixBytes = (key: Infer<typeof PrefixKey>): Uint8Array => codecOf(PrefixKey).encode(key);
const indexBytes = (key: number): Uint8Array => codecOf(u32).encode(key);

/** Runs calls in the kernel, by BPF_PROG_TEST_RUN. */
export function inKernel(type: 'xdp' | 'tc', calls: readonly string[], data: Uint8Array): Outcome {
  const result = createMap(specs.result, { name: 'result' });
  const hash = createMap(specs.hash, { name: 'hash' });
  const array = createMap(specs.array, { name: 'array' });
  const trie = createMap(specs.trie, { name: 'trie' });
  const cpus = createMap(specs.cpus, { name: 'cpus' });
  const queue = createMap(specs.queue, { name: 'queue' });
  const stack = createMap(specs.stack, { name: 'stack' });
  const maps = { result, hash, array, trie, cpus, queue, stack };
  try {
    using loaded = loadProgram({ type, name: 'calls', code: program(calls) }, { maps });
    const run = loaded.testRun({ data });
    const sums = [...cpus.entries()].map(
      ([index, values]) => [index, values.reduce((a, b) => a + b, 0n)] as const,
    );
    return {
      verdict: run.result,
      result: result.get(0),
      packet: hex(run.data),
      contents: {
        hash: sorted(hash.entries(), indexBytes),
        array: sorted(array.entries(), indexBytes),
        trie: sorted(trie.entries(), prefixBytes),
        cpus: sorted(sums, indexBytes),
      },
    };
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
}

/** Runs calls in the interpreter. */
export function inMachine(calls: readonly string[], context: PacketContext): Outcome {
  const machine = new Machine({ code: program(calls), maps: specs });
  const { result: verdict } = machine.run(context);
  const { result, hash, array, trie, cpus } = machine.maps;
  const own = [...cpus.entries()].map(([index, [value = 0n]]) => [index, value] as const);
  return {
    verdict,
    result: result.get(0),
    // A test run gives the metadata and the packet back in one piece.
    packet: hex(context.packet.metadata) + hex(context.packet.bytes),
    contents: {
      hash: sorted(hash.entries(), indexBytes),
      array: sorted(array.entries(), indexBytes),
      trie: sorted(trie.entries(), prefixBytes),
      cpus: sorted(own, indexBytes),
    },
  };
}

/** Points a register to the stack, `at` bytes below its top. */
export const pointer = (register: string, at: number): string[] => [
  `mov ${register}, r10`,
  `add ${register}, -${at}`,
];
