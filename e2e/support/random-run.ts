/**
 * One random program, run three times: by its own reference, by the interpreter and by the kernel. Verdict, packet and the
 * contents of all maps have to be the same.
 */
import assert from 'node:assert/strict';
import { codecOf, type Infer, Xdp, xdp } from '@waggle/bpf';
import {
  type Code,
  CodeVariants,
  generate,
  type IrProgram,
  Machine,
  optimize,
  specialize,
  validateIr,
  xdpContext,
} from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import { lowered } from '../../packages/compiler/src/frontend/testing/evaluate.ts';
import { moduleOf } from '../../packages/compiler/src/frontend/testing/module.ts';
import {
  type Key,
  Outer,
  rows,
  type Settings,
  scope,
  table,
  words,
} from '../../packages/compiler/src/testing/random/declarations.ts';
import { freshMemory, type RandomProgram } from '../../packages/compiler/src/testing/random/program.ts';
import type { Memory } from '../../packages/compiler/src/testing/random/values.ts';

/** How a program is compiled. */
export interface Build {
  readonly without: readonly string[];
  readonly cpu: 3 | 4;
  /** What it is compiled for first: the values that it runs with are then written into that code, where that does. */
  readonly first?: Settings;
}

/** What runs can be compared by. */
interface Outcome {
  readonly verdict: number;
  readonly packet: string;
  readonly table: Readonly<Record<string, string>>;
  readonly rows: readonly string[];
  readonly words: readonly bigint[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const outer = codecOf(Outer);

interface Contents<K, V> {
  entries(): Iterable<readonly [K, V]>;
}

function outcomeOf(
  verdict: number,
  packet: Uint8Array,
  maps: {
    readonly table: Contents<Infer<typeof Key>, Infer<typeof Outer>>;
    readonly rows: Contents<number, Infer<typeof Outer>>;
    readonly words: Contents<number, bigint>;
  },
): Outcome {
  const text = (value: Infer<typeof Outer>): string => hex(outer.encode(value));
  const entries = [...maps.table.entries()].map(
    ([{ a, b, c }, value]) => [`${a},${b},${c}`, text(value)] as const,
  );
  return {
    verdict,
    packet: hex(packet),
    table: Object.fromEntries(entries.sort()),
    rows: [...maps.rows.entries()].map(([, value]) => text(value)),
    words: [...maps.words.entries()].map(([, value]) => value),
  };
}

function referenceOutcome(program: RandomProgram, memory: Memory): Outcome {
  const verdict = program.run(memory);
  const { table: entries = new Map(), rows: values = new Map(), words: numbers = new Map() } = memory.maps;
  return {
    verdict,
    packet: hex(memory.packet),
    table: Object.fromEntries([...entries].map(([key, bytes]) => [key, hex(bytes)]).sort()),
    rows: [...values.values()].map(hex),
    words: [...numbers.values()].map((bytes) => Buffer.from(bytes).readBigUInt64LE()),
  };
}

/** The code of a random program. */
function codeOf(ir: IrProgram, settings: Settings, { without, cpu, first }: Build): Code {
  if (first) {
    const variants = new CodeVariants(() => ir, { settings: scope.settings }, { cpu, without });
    variants.finish('random', { settings: { ...first } });
    return variants.finish('random', { settings: { ...settings } }).code;
  }
  const optimized = optimize(specialize(ir, new Map([['settings', { ...settings }]])), { without });
  validateIr(optimized);
  return generate(optimized, { cpu });
}

/** Compiles a program in several ways and runs each on the packets. */
export function compare(
  program: RandomProgram,
  settings: Settings,
  packets: readonly Uint8Array[],
  builds: readonly Build[],
  inKernel: boolean,
): void {
  // A diagnostic is a failure, for they are all valid.
  const { ir } = lowered(moduleOf(program.text, { ...scope, program: xdp(() => Xdp.Pass) }));
  const expected = packets.map((packet) => referenceOutcome(program, freshMemory(packet, settings)));
  for (const build of builds) {
    const code = codeOf(ir, settings, build);
    const way = `cpu ${build.cpu}, without ${build.without}${build.first ? ', patched' : ''}`;
    for (const [index, packet] of packets.entries()) {
      const machine = new Machine({ code, maps: { table, rows, words } });
      const context = xdpContext(packet.slice());
      const { result } = machine.run(context);
      const actual = outcomeOf(result, context.packet.bytes, machine.maps);
      assert.deepEqual(actual, expected[index], `interpreter, ${way}`);
    }
    if (!inKernel) continue;
    for (const [index, packet] of packets.entries()) {
      using first = createMap(table, { name: 'table' });
      using second = createMap(rows, { name: 'rows' });
      using third = createMap(words, { name: 'words' });
      const maps = { table: first, rows: second, words: third };
      using loaded = loadProgram({ type: 'xdp', name: 'random', code, license: 'GPL' }, { maps });
      const { result, data } = loaded.testRun({ data: packet });
      assert.deepEqual(outcomeOf(result, data, maps), expected[index], `kernel, ${way}`);
    }
  }
}
