/**
 * Probes of the instruction set: programs that use what came after the first eBPF. Compilers call the steps cpu v1 to
 * v4; the verifier has steps of its own (loops, functions), and each JIT follows in its own time.
 */
import {
  alu64,
  assemble,
  atomic,
  callFunction,
  callHelper,
  endian,
  exit,
  Helper,
  type Instruction,
  jump,
  jump32,
  label,
  loadMap,
  loadMapValue,
  loadSigned,
  r0,
  r1,
  r2,
  r3,
  r10,
  store,
} from '@waggle/compiler';
import { type Feature, feature } from './feature.ts';
import { withFunctionTypes } from './function-types.ts';
import { type Body, type TrialProgram, withMap, withProgram } from './trial.ts';

/** `goto` with an offset of 32 bits, to the next instruction (BPF_JMP32 | BPF_JA). */
const longGoto: Instruction = { opcode: 0x06, destination: 0, source: 0, offset: 0, immediate: 0 };

const end = [alu64.mov(r0, 0), exit()];

/** Counts to ten, whatever the verifier knows about the number it starts at. */
const loop: Body = [
  callHelper(Helper.getPrandomU32),
  alu64.and(r0, 7),
  label('again'),
  alu64.add(r0, 1),
  jump.less(r0, 10, 'again'),
  ...end,
];

const functionCall: Body = [callFunction('function'), exit(), label('function'), ...end];

const tailCall: Body = [
  callFunction('function'),
  ...end,
  label('function'),
  // The context is the function's own argument.
  loadMap(r2, 'programs'),
  alu64.mov(r3, 0),
  callHelper(Helper.tailCall),
  ...end,
];

interface Row {
  readonly name: string;
  readonly title: string;
  readonly since: string;
  readonly meaning: string;
  readonly attempt: () => undefined;
}

const V4 = 'waggle compiles for cpu v3 instead';

const rows: readonly Row[] = [
  {
    name: 'jumpLess',
    title: 'jumps on less and less-or-equal (cpu v2)',
    since: '4.14',
    meaning: 'the compiler needs it',
    attempt: () => tryBody([alu64.mov(r0, 0), jump.less(r0, 1, 'end'), label('end'), exit()]),
  },
  {
    name: 'jump32',
    title: 'jumps that compare 32 bits (cpu v3)',
    since: '5.1',
    meaning: 'the compiler needs it',
    attempt: () => tryBody([alu64.mov(r0, 0), jump32.equal(r0, 1, 'end'), label('end'), exit()]),
  },
  {
    name: 'atomicFetch',
    title: 'atomic instructions that answer the old value (cpu v3)',
    since: '5.12',
    meaning: 'no counters that hand out numbers; the compiler needs it',
    attempt: () =>
      tryBody([alu64.mov(r1, 1), store('u64', r10, -8, 0), atomic('fetchAdd', 'u64', r10, -8, r1), ...end]),
  },
  {
    name: 'movSigned',
    title: 'moves with sign extension (cpu v4)',
    since: '6.6',
    meaning: V4,
    attempt: () => tryBody([alu64.mov(r1, 1), alu64.movSigned(8, r0, r1), ...end]),
  },
  {
    name: 'loadSigned',
    title: 'loads with sign extension (cpu v4)',
    since: '6.6',
    meaning: V4,
    attempt: () => tryBody([store('u64', r10, -8, 0), loadSigned('u16', r0, r10, -8), ...end]),
  },
  {
    name: 'byteSwap',
    title: 'unconditional byte swap (cpu v4)',
    since: '6.6',
    meaning: V4,
    attempt: () => tryBody([alu64.mov(r0, 1), endian.swap(32, r0), ...end]),
  },
  {
    name: 'signedDivision',
    title: 'signed division and remainder (cpu v4)',
    since: '6.6',
    meaning: V4,
    attempt: () => tryBody([alu64.mov(r0, -7), alu64.signedDiv(r0, 2), alu64.signedMod(r0, 2), ...end]),
  },
  {
    name: 'longGoto',
    title: 'jumps of 32 bits (cpu v4)',
    since: '6.6',
    meaning: 'programs of more than 32768 instructions between jump and target cannot be',
    attempt: () => tryBody([longGoto, ...end]),
  },
  {
    name: 'boundedLoop',
    title: 'loops whose end the verifier can see',
    since: '5.3',
    meaning: 'loops have to be unrolled; the compiler needs it',
    attempt: () => tryBody(loop),
  },
  {
    name: 'functionCall',
    title: 'functions within a program',
    since: '4.16',
    meaning: 'the compiler needs it',
    attempt: () => tryBody(functionCall),
  },
  {
    name: 'globalData',
    title: 'addresses of values in array maps',
    since: '5.2',
    meaning: 'no configuration in global variables; the compiler needs it',
    attempt: () => tryBody([loadMapValue(r1, 'values', 0), ...end]),
  },
  {
    name: 'tailCallInFunction',
    title: 'tail calls from functions within a program',
    since: '5.10',
    meaning: 'programs with both functions and tail calls cannot be loaded',
    attempt: tryTailCall,
  },
];

/** `instruction jump32` … */
export const instructionFeatures: readonly Feature[] = rows.map(({ name, ...row }) =>
  feature({
    ...row,
    name: `instruction ${name}`,
    group: 'instructions',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN'],
  }),
);

/** Of type tc, the one that all of this is for. */
function tryBody(body: Body, fields: TrialProgram['fields'] = {}): undefined {
  withMap('array', (values) =>
    withMap('programArray', (programs) =>
      withProgram({ type: 'tc', body, maps: { values, programs }, fields }, () => undefined),
    ),
  );
}

/** Only functions that are known to return a number may end in a tail call. */
function tryTailCall(): undefined {
  const starts = assemble(tailCall).functions.map(({ slot }) => slot);
  withFunctionTypes([0, ...starts], (fields) => tryBody(tailCall, fields));
}
