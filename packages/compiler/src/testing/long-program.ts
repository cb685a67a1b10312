/**
 * A program of about 5,000 instructions, as long as a datapath gets: it looks at the packet, asks a map, counts, and decides by
 * its config, over and over. Structs, maps and config are those of random/declarations.ts.
 */
import { Xdp, xdp } from '@waggle/bpf';
import { type LoweredProgram, lowerProgram } from '../frontend/index.ts';
import { moduleOf } from '../frontend/testing/module.ts';
import { scope } from './random/declarations.ts';

const RULES = 114;

const rule = (index: number): string => `
  const head${index} = ctx.at(Head, ${index % 40});
  if (head${index}) {
    sum = (sum ^ head${index}.c) * ${index * 2 + 3};
    if (head${index}.a === ${index & 255} || (settings.on && head${index}.b === ${index})) {
      const row = rows.lookup(sum & 3);
      if (row) {
        row.x += sum;
        row.inner.d ^= u64(head${index}.c) + ${index}n;
        if (row.inner.c > i16(${index})) return settings.limit + ${index};
      }
    }
    head${index}.g = i8(sum >>> ${index % 24});
  }`;

const text = `export const program = xdp((ctx) => {
  let sum = ctx.length;
${Array.from({ length: RULES }, (_, index) => rule(index)).join('')}
  return sum;
});`;

/** Compiles the program from its text to the intermediate representation. */
export function longProgram(): LoweredProgram {
  const module = moduleOf(text, { ...scope, program: xdp(() => Xdp.Pass) });
  const { program, diagnostics } = lowerProgram(module, 'program');
  if (!program) throw new Error(`${diagnostics[0]?.message}`);
  return program;
}
