/** Programs of the corpus in the kernel, by BPF_PROG_TEST_RUN. They are attached to nothing. */
import { codecOf, type Infer, type MapSpec, SkBuff } from '@waggle/bpf';
import type { Code } from '@waggle/compiler';
import {
  createMap,
  type KernelMap,
  loadProgram,
  type Program,
  QueueMap,
  RingBufferMap,
  TableMap,
} from '@waggle/kernel';
import { codeOf, programOf } from './compiled.ts';
import { testInput } from './fixture.ts';
import { assigned, comparable, hexOf, type Outcome, type Setting, type World } from './world.ts';

const zeros = codecOf(SkBuff).decode(new Uint8Array(SkBuff.size));
/** Bytes that a program on packets sees less than the frame that a test run takes. */
const ETHERNET = 14;

export class KernelWorld implements World {
  readonly program: Program;
  readonly maps: Readonly<Record<string, KernelMap>>;
  readonly #setting: Setting;
  readonly #inner: Record<string, TableMap<unknown, unknown>> = {};
  readonly #others: Program[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
    const { module, fixture, variant, code } = setting;
    this.maps = Object.fromEntries(
      Object.entries(module.maps).map(([name, spec]) => [name, createMap(spec, { name: name.slice(0, 15) })]),
    );
    try {
      this.program = this.#load(
        fixture.entry,
        code ?? codeOf(module, fixture.entry, fixture.config, variant),
      );
      this.#fill();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #load(name: string, code: Code): Program {
    const { type } = programOf(this.#setting.module, name).ir;
    return loadProgram({ type, name: name.slice(0, 15), code }, { maps: this.maps });
  }

  #fill(): void {
    const { module, fixture, variant } = this.#setting;
    for (const [name, entries] of Object.entries(fixture.maps ?? {})) {
      for (const [key, value] of entries) table(this.maps[name]).set(key, value);
    }
    for (const [name, members] of Object.entries(fixture.inner ?? {})) {
      const spec = module.maps[name]?.inner as MapSpec;
      for (const [key, entries] of members) {
        const inner = table(createMap(spec, { name: 'inner' }));
        for (const [each, value] of entries) inner.set(each, value);
        table(this.maps[name]).set(key, inner);
        this.#inner[`${name}-${key}`] = inner;
      }
    }
    for (const [name, programs] of Object.entries(fixture.programs ?? {})) {
      for (const [index, each] of programs.entries()) {
        const program = this.#load(each, codeOf(module, each, fixture.config, variant));
        table(this.maps[name]).set(index, program);
        this.#others.push(program);
      }
    }
  }

  run(input: Uint8Array): Outcome {
    const { module, fixture } = this.#setting;
    const { type } = programOf(module, fixture.entry).ir;
    if (testInput(type) === 'context') {
      const { result } = this.program.testRun({ context: input });
      return { result, data: hexOf(input) };
    }
    if (type === 'xdp') {
      const { result, data } = this.program.testRun({ data: input });
      return { result, data: hexOf(data) };
    }
    const run = this.program.testRun({ data: input, context: codecOf(SkBuff).encode(zeros) });
    const fields: Infer<typeof SkBuff> = codecOf(SkBuff).decode(run.context);
    const data = testInput(type) === 'packet' ? run.data.subarray(ETHERNET) : run.data;
    return { result: run.result, data: hexOf(data), fields: assigned(fields) };
  }

  contents(): Readonly<Record<string, unknown>> {
    const { module, fixture } = this.#setting;
    const contents: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(module.maps)) {
      const map = this.maps[name];
      if (fixture.ignored?.includes(name)) continue;
      if (map instanceof RingBufferMap) contents[name] = drained(map, spec);
      else if (map instanceof QueueMap) contents[name] = popped(map);
      else if (map instanceof TableMap && spec.key && spec.value && !spec.inner)
        contents[name] = comparable(spec, map.entries(), fixture);
    }
    for (const [name, map] of Object.entries(this.#inner)) {
      const spec = module.maps[name.split('-')[0] ?? '']?.inner as MapSpec;
      contents[name] = comparable(spec, map.entries(), fixture);
    }
    return contents;
  }

  [Symbol.dispose](): void {
    for (const each of [this.program, ...this.#others]) each?.close();
    for (const map of [...Object.values(this.maps), ...Object.values(this.#inner)]) map.close();
  }
}

function table(map: KernelMap | undefined): TableMap<unknown, unknown> {
  if (map instanceof TableMap) return map;
  throw new Error(`the fixture fills ${map?.name}, which is no table`);
}

function drained(map: RingBufferMap<unknown>, spec: MapSpec & { readonly record?: unknown }): string[] {
  const codec = codecOf(spec.record as Parameters<typeof codecOf<unknown>>[0]);
  const records: string[] = [];
  using reader = map.read((record) => records.push(hexOf(codec.encode(record))), { manual: true });
  reader.poll();
  return records;
}

function popped(map: QueueMap<unknown>): unknown[] {
  const values: unknown[] = [];
  for (let value = map.pop(); value !== undefined; value = map.pop()) values.push(value);
  return values;
}
