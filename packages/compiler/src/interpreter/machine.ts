/**
 * A machine that runs programs outside of the kernel: virtual memory, maps, helpers, and a processor. For tests, and to
 * replay packets offline.
 *
 *     const machine = new Machine({ code, maps: { counters } });
 *     const context = xdpContext(packet);
 *     const { result } = machine.run(context);        // XDP_PASS …
 *     machine.maps.counters.get(6);                    // what the program has counted
 *     context.packet.bytes;                            // the packet as it is now
 *
 * A machine has one CPU, is deterministic unless told otherwise, and ends every program after a number of instructions.
 */
import { type MapSpec, WaggleError } from '@waggle/bpf';
import type { Code } from '../backend/assemble.ts';
import { helperName } from '../backend/text-syntax.ts';
import type { PacketContext } from './context.ts';
import { Executable } from './executable.ts';
import type { HelperFunction, HelperHost, Redirection } from './helpers/helper.ts';
import { standardHelpers } from './helpers/index.ts';
import { type VirtualMapOf, virtualMap } from './maps/create.ts';
import { MapRegion, VirtualMap } from './maps/virtual-map.ts';
import { Memory, Region } from './memory.ts';
import type { Packet } from './packet.ts';
import { type Host, Processor } from './processor.ts';
import type { Registers } from './registers.ts';
import { Timers } from './timers.ts';

/** The maps of a machine, by name: declarations, or maps that it shares with others. */
export type MachineMaps = Readonly<Record<string, MapSpec | VirtualMap>>;

type Instances<M extends MachineMaps> = {
  readonly [Name in keyof M]: M[Name] extends MapSpec ? VirtualMapOf<M[Name]> : M[Name];
};

/** What a machine is made of. */
export interface MachineOptions<M extends MachineMaps = MachineMaps> {
  /** The program that {@link Machine.run} runs. */
  readonly code: Code | Uint8Array;
  readonly maps?: M;
  /** Helpers by number, besides or instead of the standard ones. */
  readonly helpers?: Readonly<Record<number, HelperFunction>>;
  /** Functions of the kernel by name; there are none from the start. */
  readonly kernelFunctions?: Readonly<Record<string, HelperFunction>>;
  /** Nanoseconds since boot; by default time stands still at 0. */
  readonly clock?: () => bigint;
  /** 32 random bits; by default a fixed sequence. */
  readonly random?: () => number;
  /** The number of the CPU; 0 by default. */
  readonly cpu?: number;
  /** The most instructions of one run; 10 million by default. */
  readonly budget?: number;
}

/** The outcome of a run. */
export interface RunResult {
  /** r0 at the end. */
  readonly value: bigint;
  /** Its low 32 bits, which is what the kernel takes for the verdict. */
  readonly result: number;
  /** Instructions executed. */
  readonly instructions: number;
}

const BUDGET = 10_000_000;

/** See the head of this file. */
export class Machine<M extends MachineMaps = Readonly<Record<string, MapSpec>>> implements Host, HelperHost {
  readonly memory = new Memory();
  readonly maps: Instances<M>;
  readonly clock: () => bigint;
  readonly random: () => number;
  readonly cpu: number;
  /** For helpers. */
  readonly timers: Timers = new Timers(this.memory);
  /** Lines that programs have printed with trace_printk. */
  readonly trace: string[] = [];
  /** Where the last run has redirected its packet. */
  redirection: Redirection | undefined;
  /** For helpers: the address of the spin lock that the program holds. */
  heldLock: bigint | undefined;
  /** For helpers: tail calls of this run. */
  tailCalls = 0;
  readonly #maps = new Map<string, VirtualMap>();
  readonly #processor: Processor;
  readonly #helpers: ReadonlyMap<number, HelperFunction>;
  readonly #kernelFunctions: ReadonlyMap<string, HelperFunction>;
  readonly #program: Executable;
  readonly #budget: number;
  #context: PacketContext | undefined;
  /** Nanoseconds that {@link advance} has added to the clock. */
  #advanced = 0n;

  /** @throws WaggleError MALFORMED for code that is none, NOT_FOUND for a map that it names and that is not given. */
  constructor(options: MachineOptions<M>) {
    const {
      code,
      maps,
      helpers = {},
      kernelFunctions = {},
      clock = () => 0n,
      random = fixedSequence(),
      cpu = 0,
      budget = BUDGET,
    } = options;
    this.clock = () => clock() + this.#advanced;
    this.random = random;
    this.cpu = cpu;
    this.#budget = budget;
    for (const [name, map] of Object.entries(maps ?? {})) {
      this.#maps.set(name, map instanceof VirtualMap ? map : virtualMap(map, name));
    }
    this.maps = Object.freeze(Object.fromEntries(this.#maps)) as Instances<M>;
    const extra = Object.entries(helpers).map(([number, helper]) => [Number(number), helper] as const);
    this.#helpers = new Map([...standardHelpers, ...extra]);
    this.#kernelFunctions = new Map(Object.entries(kernelFunctions));
    this.#processor = new Processor(this.memory, this);
    this.#program = this.load(code);
  }

  /** Makes another program ready, for a programArray of this machine. Throws like the constructor. */
  load(code: Code | Uint8Array): Executable {
    return new Executable(code, this.memory, {
      handle: (name) => this.memory.address(this.#map(name).handle),
      value: (name, offset) => this.memory.address(this.#valuesOf(this.#map(name)), offset),
    });
  }

  /** How often the instruction in each slot of the program was executed, over all runs: what they have covered. */
  get visits(): Uint32Array {
    return this.#program.visits;
  }

  /**
   * Puts bytes where programs can read them, as memory of the kernel: a struct that an argument or another struct points
   * to. Returns their address. Where there is no memory, a read by the helper gives zeros, and any other is an error.
   */
  expose(bytes: Uint8Array): bigint {
    return this.memory.address(new Region('memory of the kernel', bytes, { writable: false }));
  }

  /**
   * Runs the program. A context of bytes is memory at r1, shared with the program, and its length is in r2.
   * @throws ExecutionError for what the verifier would have refused, and when the budget is used up.
   */
  run(context: PacketContext | Uint8Array = new Uint8Array()): RunResult {
    const isBytes = context instanceof Uint8Array;
    const region = isBytes ? new Region('the memory', context) : context.region;
    this.#context = isBytes ? undefined : context;
    this.redirection = undefined;
    this.heldLock = undefined;
    this.tailCalls = 0;
    const { registers } = this.#processor;
    for (let register = 0; register < 10; register++) registers.set(register, 0n);
    registers.set(1, this.memory.address(region));
    registers.set(2, BigInt(isBytes ? context.length : 0));
    if (this.#context) this.memory.attachPacket(this.#context.packet.region);
    try {
      const value = this.#processor.run(this.#program, this.#budget);
      if (this.heldLock !== undefined)
        throw new WaggleError('OUT_OF_RANGE', 'the program ends holding a spin lock');
      const instructions = this.#budget - this.#processor.budget;
      return { value, result: Number(BigInt.asUintN(32, value)), instructions };
    } finally {
      this.memory.detach(region);
      if (this.#context) this.memory.detach(this.#context.packet.region);
    }
  }

  /**
   * Lets so many nanoseconds pass, and calls the functions of the timers that fire meanwhile, each at its time.
   * @throws ExecutionError like {@link run}.
   */
  advance(nanoseconds: bigint): void {
    const end = this.clock() + nanoseconds;
    for (let firing = this.timers.due(end); firing; firing = this.timers.due(end)) {
      this.#passUntil(firing.at);
      const { map, key, index, callback } = firing;
      const { values } = map;
      if (!values) throw map.refusal('timer');
      const region = new Region('the key of an entry', key, { writable: false });
      const parameters = [
        this.memory.address(map.handle),
        this.memory.address(region),
        this.memory.address(values, index),
      ];
      try {
        this.#processor.runFunction(callback, parameters, this.#budget);
      } finally {
        this.memory.detach(region);
      }
    }
    this.#passUntil(end);
  }

  #passUntil(time: bigint): void {
    const now = this.clock();
    if (time > now) this.#advanced += time - now;
  }

  /** For helpers. */
  mapAt(address: bigint): VirtualMap {
    const region = this.memory.find(address);
    if (region instanceof MapRegion) return region.map;
    throw new WaggleError('WRONG_TYPE', `0x${address.toString(16)} is no map`);
  }

  /** For helpers. */
  packetOf(kind: PacketContext['kind']): Packet {
    if (this.#context?.kind === kind) return this.#context.packet;
    throw new WaggleError(
      'NOT_SUPPORTED',
      `only a program with ${kind === 'xdp' ? 'an XDP' : 'a socket buffer'} context can`,
    );
  }

  /** For helpers. */
  get context(): PacketContext | undefined {
    return this.#context;
  }

  /** For helpers. */
  invoke(address: bigint, ...parameters: readonly bigint[]): bigint {
    return this.#processor.invoke(address, parameters);
  }

  /** For helpers. */
  continueWith(program: Executable): void {
    this.#processor.replace(program);
  }

  /** For the processor. */
  callHelper(number: number, registers: Registers): bigint | undefined {
    const helper = this.#helpers.get(number);
    if (!helper) {
      const name = helperName(number);
      throw new WaggleError(
        'NOT_SUPPORTED',
        `there is no helper ${name === undefined ? number : `${name} (${number})`} here`,
        {
          hint: `Give the machine one: new Machine({ …, helpers: { ${number}: (machine, …) => … } })`,
        },
      );
    }
    return this.#help(helper, registers);
  }

  /** For the processor. */
  callKernel(name: string, registers: Registers): bigint | undefined {
    const called = this.#kernelFunctions.get(name);
    if (called) return this.#help(called, registers);
    throw new WaggleError('NOT_SUPPORTED', `there is no kernel here to call the function ${name}`, {
      hint: 'Give the machine one: new Machine({ …, kernelFunctions: { name: (machine, …) => … } })',
    });
  }

  #help(helper: HelperFunction, registers: Registers): bigint | undefined {
    const [first, second, third] = [registers.get(1), registers.get(2), registers.get(3)];
    const result = helper(this, first, second, third, registers.get(4), registers.get(5));
    return result === undefined ? undefined : BigInt.asUintN(64, BigInt(result));
  }

  /** For the processor. */
  loadPacket(offset: number, size: number): number | undefined {
    const { bytes } = this.packetOf('socketBuffer');
    if (offset < 0 || offset + size > bytes.length) return undefined;
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + (bytes[offset + index] ?? 0);
    return value;
  }

  #map(name: string): VirtualMap {
    const map = this.#maps.get(name);
    if (map) return map;
    throw new WaggleError('NOT_FOUND', `the program uses the map "${name}", which was not given`, {
      hint: `Pass it: new Machine({ code, maps: { ${name} } })`,
    });
  }

  #valuesOf(map: VirtualMap): Region {
    if (map.values && map.spec.type === 'array') return map.values;
    throw map.refusal('direct access to its value');
  }
}

/** The generator "xorshift32", from a fixed seed. */
function fixedSequence(): () => number {
  let state = 0x9e37_79b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
