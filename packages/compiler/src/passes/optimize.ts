/**
 * The optimizer: all passes, one after another, until they find nothing more. Each of them can be left out by its name, which
 * changes how fast a program is and never what it does.
 */
import { WaggleError } from '@waggle/bpf';
import type { IrProgram } from '../ir/ir.ts';
import { addresses } from './addresses.ts';
import { blocks } from './blocks.ts';
import { branches } from './branches.ts';
import { common } from './common.ts';
import { conditions } from './conditions.ts';
import { deadCode } from './dead-code.ts';
import { fold } from './fold.ts';
import { guards } from './guards.ts';
import { inline } from './inline.ts';
import { knownBits } from './known-bits.ts';
import { loads } from './loads.ts';
import { parameters } from './parameters.ts';
import type { Pass } from './pass.ts';
import { thread } from './thread.ts';

/** All passes, in the order in which they run. */
export const passes: readonly Pass[] = [
  inline,
  parameters,
  fold,
  knownBits,
  branches,
  thread,
  blocks,
  common,
  addresses,
  loads,
  conditions,
  guards,
  deadCode,
];

/** Options of {@link optimize}. */
export interface OptimizeOptions {
  /** Names of passes that are left out. */
  readonly without?: readonly string[];
}

/** Programs in which all passes have found nothing more: a program that needs nothing of its kernel comes here twice. */
const done = new WeakSet<IrProgram>();

/** Most programs are done after three rounds; this is where those end that could go on. */
const MAX_ROUNDS = 8;

/**
 * Returns an equivalent program that takes fewer instructions, and the program itself if there is none to be found.
 * @throws WaggleError BAD_DECLARATION for a name in `without` that no pass has.
 */
export function optimize(program: IrProgram, { without = [] }: OptimizeOptions = {}): IrProgram {
  for (const name of without) {
    if (passes.some((pass) => pass.name === name)) continue;
    throw new WaggleError('BAD_DECLARATION', `there is no pass "${name}"`, {
      hint: `The passes are ${passes.map((pass) => pass.name).join(', ')}`,
    });
  }
  if (without.length === 0 && done.has(program)) return program;
  const chosen = passes.filter(({ name }) => !without.includes(name));
  let current = program;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = current;
    for (const pass of chosen) current = pass.run(current);
    if (current !== before) continue;
    if (without.length === 0) done.add(current);
    break;
  }
  return current;
}
