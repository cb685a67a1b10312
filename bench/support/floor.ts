/** The program of bench/c/floor.c, with connections that it knows: what a packet takes at the very least, on any machine. */
import { fileURLToPath } from 'node:url';
import {
  arrayMap,
  be16,
  be32,
  bytes,
  hton16,
  hton32,
  IpProtocol,
  lruHashMap,
  perCpuArrayMap,
  struct,
  u8,
  u32,
  u64,
} from '@waggle/bpf';
import { createMap, loadProgram, type Program } from '@waggle/kernel';
import { compileProgram } from '../../e2e/support/corpus/twin.ts';
import { OWN, PORT } from './endpoint-program.ts';

const Flow = struct('flow', {
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
  protocol: u8,
  padding: bytes(3),
});
/** As long as a connection of the datapath. */
const Decision = struct('decision', { generation: u32, interface: u32, rest: bytes(56) });
const Count = struct('count', { packets: u64, bytes: u64 });

const GENERATION = 1;
/** TC_ACT_REDIRECT. */
const REDIRECT = 7;

/** A program that forwards packets of connections that it knows. */
export interface Floor extends Disposable {
  readonly program: Program;
}

/**
 * Loads it.
 * @param destination where its connections go: as many as differ in the lowest 16 bits of their source port.
 * @throws Error with what clang says, or when it does not forward `packet`, which is one of them.
 */
export function loadFloor(destination: number, packet: Uint8Array): Floor {
  const code = compileProgram(fileURLToPath(new URL('../c/floor.c', import.meta.url)));
  const decisions = createMap(
    lruHashMap({ name: 'decisions', key: Flow, value: Decision, maxEntries: 262_144 }),
  );
  const generation = createMap(arrayMap({ name: 'generation', value: u32, maxEntries: 1 }));
  const counts = createMap(perCpuArrayMap({ name: 'counts', value: Count, maxEntries: 1 }));
  const maps = { decisions, generation, counts };
  generation.set(0, GENERATION);
  const value = { generation: GENERATION, interface: 1, rest: new Uint8Array(56) };
  for (let port = 0; port <= 0xffff; port++) {
    const key = {
      source: hton32(OWN),
      destination: hton32(destination),
      sourcePort: hton16(port),
      destinationPort: hton16(PORT),
      protocol: IpProtocol.Tcp,
      padding: new Uint8Array(3),
    };
    decisions.set(key, value);
  }
  const program = loadProgram({ type: 'tc', name: 'floor', code }, { maps });
  const { result } = program.testRun({ data: packet });
  if (result !== REDIRECT) throw new Error(`bench/c/floor.c does not forward its packet: ${result}`);
  return {
    program,
    [Symbol.dispose]() {
      for (const object of [program, ...Object.values(maps)]) object.close();
    },
  };
}
