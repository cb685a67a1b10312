/**
 * One program from text, run four times on the same packet: by the interpreter and by the kernel, with and without passes.
 * Tests of the language say what it has to do once; that all four agree is asserted here.
 */
import assert from 'node:assert/strict';
import * as bpf from '@waggle/bpf';
import { type Code, generate, Machine, optimize, specialize, xdpContext } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import { formatDiagnostic, lowerProgram } from '../../packages/compiler/src/frontend/index.ts';

/** What user space does with a map, in a kernel and outside of one. */
export interface Table {
  get(key: unknown): unknown;
  set(key: unknown, value: unknown): unknown;
  delete(key: unknown): unknown;
}
export type Tables = Readonly<Record<string, Table>>;

export interface Run {
  readonly result: number;
  /** What `read` has found in the maps afterwards. */
  readonly found: unknown;
}

export interface Options {
  /** What stands at the top level of the module besides `@waggle/bpf`, such as maps. */
  readonly scope?: Readonly<Record<string, unknown>>;
  /** Text before the program: its functions. */
  readonly before?: string;
  readonly packet?: Uint8Array;
  /** Runs before the program. */
  readonly prepare?: (maps: Tables) => void;
  readonly read?: (maps: Tables) => unknown;
}

/** An XDP program of that body, without and with passes, and the maps that it uses. */
export function compiled(
  body: string,
  { scope = {}, before = '' }: Options,
): readonly { readonly code: Code; readonly specs: Readonly<Record<string, bpf.MapSpec>> }[] {
  const text = `${before}\nexport const program = xdp((ctx) => {\n${body}\n});`;
  const values = { ...bpf, program: bpf.xdp(() => bpf.Xdp.Pass), ...scope };
  const module = { path: 'both.bpf.ts', text, scope: () => values, resolve: () => undefined };
  const { program, diagnostics } = lowerProgram(module, 'program');
  assert.deepEqual(diagnostics.map(formatDiagnostic), []);
  assert.ok(program);
  const specs = Object.fromEntries(program.maps);
  const plain = specialize(program.ir, new Map());
  return [plain, optimize(plain)].map((ir) => ({ code: generate(ir), specs }));
}

/** Runs an XDP program of that body in all four ways, which have to agree, and says what it did. */
export function runBoth(body: string, options: Options = {}): Run {
  const { packet = new Uint8Array(64), prepare, read } = options;
  const runs: Run[] = [];
  for (const { code, specs } of compiled(body, options)) {
    const machine = new Machine({ code, maps: specs });
    const simulated: Tables = { ...machine.maps } as never;
    prepare?.(simulated);
    const { result } = machine.run(xdpContext(Uint8Array.from(packet)));
    runs.push({ result, found: read?.(simulated) });

    const maps = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, createMap(spec)]));
    const tables: Tables = maps as never;
    try {
      prepare?.(tables);
      const loaded = loadProgram({ type: 'xdp', name: 'program', code, license: 'GPL' }, { maps });
      try {
        runs.push({ result: loaded.testRun({ data: packet }).result, found: read?.(tables) });
      } finally {
        loaded.close();
      }
    } finally {
      for (const map of Object.values(maps)) map.close();
    }
  }
  const [first] = runs;
  assert.ok(first);
  for (const run of runs) assert.deepEqual(run, first);
  return first;
}
