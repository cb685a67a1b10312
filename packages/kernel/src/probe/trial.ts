/**
 * Maps and programs to try things with: as small as the kernel takes them, made by bare system calls. The loaders of this
 * package ask the probes when the kernel refuses, so the probes cannot use the loaders.
 */
import { type Infer, i32, type MapType, mapTypes, type ProgramType, programTypes, u32 } from '@waggle/bpf';
import { alu64, assemble, exit, type Instruction, type Label, mapBtf, r0, SLOT } from '@waggle/compiler';
import { loadBtf } from '../btf-object.ts';
import { check } from '../errors.ts';
import { Program } from '../program/program.ts';
import { MapCreate, ProgramLoad } from '../sys/attributes.ts';
import { type AttributeValues, Command, execute } from '../sys/bpf.ts';
import { Descriptor } from '../sys/descriptor.ts';
import { errno } from '../sys/errno.ts';
import { pageSize } from '../sys/libc.ts';
import { NativeBuffer } from '../sys/memory.ts';

/** Instructions of a program, with its labels. */
export type Body = readonly (Instruction | Label)[];

/** The program that returns a number. */
export const returning = (value: number): Body => [alu64.mov(r0, value), exit()];

/**
 * Runs `use` with a map of the least size, and closes it.
 * @throws KernelError when the kernel refuses the map.
 */
export function withMap<Result>(type: MapType, use: (fd: number) => Result, flags = 0): Result {
  const map = new Descriptor(createMap(type, flags), `map of type ${type}`);
  try {
    return use(map.fd);
  } finally {
    map.close();
  }
}

function createMap(type: MapType, flags: number): number {
  const { number, key, value, requiredFlags } = mapTypes[type];
  const create = (values: AttributeValues<Infer<typeof MapCreate>>): number => {
    const map_flags = requiredFlags | flags;
    const result = execute(Command.mapCreate, MapCreate, { map_type: number, map_flags, ...values });
    return check(result, 'create', `a map of type ${type}`);
  };
  if (type === 'arrayOfMaps' || type === 'hashOfMaps') {
    return withMap('array', (inner) =>
      create({ key_size: 4, value_size: 4, max_entries: 1, inner_map_fd: inner }),
    );
  }
  if (key === 'descriptor')
    return withStorageTypes((types) => create({ key_size: 4, value_size: 4, ...types }));
  const isRing = type === 'ringBuffer' || type === 'userRingBuffer';
  return create({
    // The key of a trie is the length of a prefix, and what it is a prefix of.
    key_size: type === 'lpmTrie' ? 8 : key === 'none' ? 0 : 4,
    value_size: value === 'declared' ? 8 : value === 'object' ? 4 : 0,
    max_entries: isRing ? pageSize : 1,
  });
}

/** Storages are the maps that the kernel wants to know the types of. */
function withStorageTypes<Result>(
  use: (types: { btf_fd: number; btf_key_type_id: number; btf_value_type_id: number }) => Result,
): Result {
  const types = mapBtf({ key: i32, value: u32 });
  const btf = loadBtf(types?.bytes ?? new Uint8Array(), 'a storage');
  try {
    const { keyTypeId = 0, valueTypeId = 0 } = types ?? {};
    return use({ btf_fd: btf.fd, btf_key_type_id: keyTypeId, btf_value_type_id: valueTypeId });
  } finally {
    btf.close();
  }
}

/** A program to be tried. */
export interface TrialProgram {
  readonly type: ProgramType;
  readonly body: Body;
  /** Descriptors of the maps that the body names. */
  readonly maps?: Readonly<Record<string, number>>;
  /** Further fields of BPF_PROG_LOAD. */
  readonly fields?: AttributeValues<Infer<typeof ProgramLoad>>;
}

/** Loads a program: its descriptor or `-errno`. */
export function load({ type, body, maps = {}, fields = {} }: TrialProgram): number {
  const code = assemble(body);
  const instructions = NativeBuffer.from(code.bytes);
  for (const { map, slot } of code.mapReferences)
    instructions.view.setInt32(slot * SLOT + 4, maps[map] ?? -1, true);
  const values = {
    prog_type: programTypes[type].number,
    expected_attach_type: programTypes[type].attachType,
    insn_cnt: instructions.size / SLOT,
    insns: instructions,
    license: NativeBuffer.text('GPL'),
    ...fields,
  };
  for (let attempt = 1; ; attempt++) {
    const result = execute(Command.programLoad, ProgramLoad, values);
    // A signal interrupted the verifier.
    if (result !== -errno.EAGAIN || attempt === 5) return result;
  }
}

/**
 * Runs `use` with a program, and closes it.
 * @throws KernelError when the kernel refuses the program.
 */
export function withProgram<Result>(trial: TrialProgram, use: (program: Program) => Result): Result {
  using program = new Program(check(load(trial), 'load', `a program of type ${trial.type}`), 'probe');
  return use(program);
}
