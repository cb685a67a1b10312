/** Programs of the corpus in the interpreter. */
import type { MapSpec } from '@waggle/bpf';
import {
  Machine,
  type PacketContext,
  tcContext,
  type VirtualMap,
  virtualMap,
  xdpContext,
} from '@waggle/compiler';
import type { Executable } from '../../../packages/compiler/src/interpreter/executable.ts';
import { VirtualQueue } from '../../../packages/compiler/src/interpreter/maps/queue.ts';
import { VirtualRing } from '../../../packages/compiler/src/interpreter/maps/records.ts';
import { VirtualReferences } from '../../../packages/compiler/src/interpreter/maps/references.ts';
import { VirtualTable } from '../../../packages/compiler/src/interpreter/maps/table.ts';
import { codeOf, programOf } from './compiled.ts';
import { testInput } from './fixture.ts';
import { assigned, comparable, hexOf, type Outcome, type Setting, type World } from './world.ts';

/** The bytes of an Ethernet header, which programs on packets do not see. */
const ETHERNET = 14;

export class MachineWorld implements World {
  readonly machine: Machine<Record<string, VirtualMap>>;
  readonly #setting: Setting;
  readonly #inner: Record<string, VirtualMap> = {};

  constructor(setting: Setting) {
    this.#setting = setting;
    const { module, fixture, variant, code } = setting;
    const maps = Object.fromEntries(
      Object.entries(module.maps).map(([name, spec]) => [name, virtualMap(spec, name)]),
    );
    this.machine = new Machine({
      code: code ?? codeOf(module, fixture.entry, fixture.config, variant),
      maps,
      helpers: fixture.helpers ?? {},
    });
    this.#fill(maps);
  }

  #fill(maps: Readonly<Record<string, VirtualMap>>): void {
    const { module, fixture, variant } = this.#setting;
    for (const [name, entries] of Object.entries(fixture.maps ?? {})) {
      for (const [key, value] of entries) table(maps[name]).set(key, value);
    }
    for (const [name, members] of Object.entries(fixture.inner ?? {})) {
      const spec = module.maps[name]?.inner as MapSpec;
      for (const [key, entries] of members) {
        const inner = virtualMap(spec, `${name}-${key}`) as VirtualMap;
        for (const [each, value] of entries) table(inner).set(each, value);
        references(maps[name]).set(key, inner);
        this.#inner[`${name}-${key}`] = inner;
      }
    }
    for (const [name, programs] of Object.entries(fixture.programs ?? {})) {
      for (const [index, program] of programs.entries()) {
        const code = codeOf(module, program, fixture.config, variant);
        references(maps[name]).set(index, this.machine.load(code));
      }
    }
  }

  run(input: Uint8Array): Outcome {
    const { module, fixture } = this.#setting;
    const { type } = programOf(module, fixture.entry).ir;
    const bytes = Uint8Array.from(input);
    if (testInput(type) === 'context' || testInput(type) === undefined) {
      const { result } = this.machine.run(bytes);
      return { result, data: hexOf(bytes) };
    }
    if (type === 'xdp') return this.#onPacket(xdpContext(bytes));
    const protocol = new DataView(bytes.buffer).getUint16(12, true);
    const context =
      testInput(type) === 'frame' ? tcContext(bytes) : tcContext(bytes.subarray(ETHERNET), { protocol });
    return { ...this.#onPacket(context), fields: assigned(context.fields) };
  }

  #onPacket(context: PacketContext): Outcome {
    const { result } = this.machine.run(context);
    return { result, data: hexOf(context.packet.bytes) };
  }

  contents(): Readonly<Record<string, unknown>> {
    const { module, fixture } = this.#setting;
    const contents: Record<string, unknown> = {};
    for (const [name, map] of [...Object.entries(this.machine.maps), ...Object.entries(this.#inner)]) {
      const spec = module.maps[name] ?? map.spec;
      if (fixture.ignored?.includes(name)) continue;
      if (map instanceof VirtualRing) contents[name] = map.drainBytes().map(hexOf);
      else if (map instanceof VirtualQueue) contents[name] = [...map];
      else if (map instanceof VirtualTable) contents[name] = comparable(spec, map, fixture);
    }
    return contents;
  }

  [Symbol.dispose](): void {}
}

function table(map: VirtualMap | undefined): VirtualTable {
  if (map instanceof VirtualTable) return map;
  throw new Error(`the fixture fills ${map?.name}, which is no table`);
}

function references(map: VirtualMap | undefined): VirtualReferences<unknown, Executable | VirtualMap> {
  if (map instanceof VirtualReferences) return map;
  throw new Error(`the fixture refers from ${map?.name}, which is no map of maps or programs`);
}
