/**
 * Compiles a program from text and runs it in the interpreter: what tests say of the language, they say of what it does.
 */
import assert from 'node:assert/strict';
import type { MapSpec } from '@waggle/bpf';
import type { Code } from '../../backend/assemble.ts';
import { generate } from '../../backend/generate.ts';
import { Machine, xdpContext } from '../../interpreter/index.ts';
import type { IrProgram } from '../../ir/ir.ts';
import { validateIr } from '../../ir/validate.ts';
import { optimize, specialize } from '../../passes/index.ts';
import { formatDiagnostic, type LoweredProgram, lowerProgram, type ModuleSource } from '../index.ts';

type Values = Readonly<Record<string, Readonly<Record<string, number | bigint | boolean>>>>;

/** The program of that name, which has to have no diagnostics and to keep the rules of the IR. */
export function lowered(module: ModuleSource, name = 'program'): LoweredProgram {
  const { program, diagnostics } = lowerProgram(module, name);
  assert.deepEqual(diagnostics.map(formatDiagnostic), []);
  assert.ok(program);
  validateIr(program.ir);
  return program;
}

/** The numbers of the diagnostics of a program, with their lines: `W301:4`. */
export function complaints(module: ModuleSource, name = 'program'): string[] {
  return lowerProgram(module, name).diagnostics.map(({ code, line }) => `${code}:${line}`);
}

/** Machine code, with configs filled in and passes run, or not. */
export function codeOf({ ir }: LoweredProgram, values: Values = {}, optimised = true): Code {
  const special: IrProgram = specialize(ir, new Map(Object.entries(values)));
  return generate(optimised ? optimize(special) : special);
}

/** A machine with the program and its maps in it. */
export function machineOf(program: LoweredProgram, values: Values = {}, optimised = true) {
  const maps: Readonly<Record<string, MapSpec>> = Object.fromEntries(program.maps);
  return new Machine({ code: codeOf(program, values, optimised), maps });
}

/** What an XDP program returns for a packet, optimised and not, which has to be the same. */
export function verdictOf(
  module: ModuleSource,
  packet: Uint8Array = new Uint8Array(64),
  values: Values = {},
) {
  const program = lowered(module);
  const [plain, optimised] = [false, true].map((passes) => {
    const context = xdpContext(Uint8Array.from(packet));
    const { result } = machineOf(program, values, passes).run(context);
    return { result, packet: Buffer.from(context.packet.bytes).toString('hex') };
  });
  assert.deepEqual(optimised, plain);
  return optimised?.result;
}
