/**
 * What a user reads when the verifier refuses a program that was compiled: the line of the TypeScript, the two telling lines
 * of the log, and what to do.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isProgramDeclaration } from '@waggle/bpf';
import { finishProgram, generate } from '@waggle/compiler';
import { type CompiledModule, compileModule } from '@waggle/compiler/modules';
import { loadProgram, VerifierError } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

const path = fileURLToPath(new URL('./support/refused.bpf.ts', import.meta.url));
const source = readFileSync(path, 'utf8').split('\n');

interface Refusal {
  readonly program: string;
  /** The line of the source that is to be shown: the one that contains this. */
  readonly line: string;
  readonly reason: RegExp;
  readonly hint: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    program: 'asLongAsThePacket',
    line: 'index < ctx.length',
    reason: /BPF program is too large\. Processed \d+ insn/,
    hint: /Let loops end after fewer turns/,
  },
  {
    program: 'perhapsEndless',
    line: 'while (turns',
    reason: /infinite loop detected at insn \d+/,
    hint: /Count the turns, up to a constant/,
  },
  {
    program: 'otherLicence',
    line: 'probeReadKernel(buffer',
    reason: /cannot call GPL-restricted function/,
    hint: /\{ license: 'GPL' \}/,
  },
  {
    program: 'intoThePacket',
    line: 'skbLoadBytes(ctx',
    reason: /helper access to the packet is not allowed/,
    hint: /copy them to a struct of your own/,
  },
  {
    program: 'neitherYesNorNo',
    line: 'export const neitherYesNorNo',
    reason: /At program exit the register R0 .* should have been in \[0, 1\]/,
    hint: /Return one of the named verdicts/,
  },
  {
    program: 'wrongHook',
    line: 'export const wrongHook',
    reason: /invalid bpf_context access/,
    hint: /cannot use this field of their context/,
  },
];

let compiled: CompiledModule;

/** What was refused already: the verifier takes its time for a million instructions. */
const refused = new Map<string, VerifierError>();

/** Loads a program of the module, which the verifier is expected to refuse. */
function refusalOf(name: string): VerifierError {
  const known = refused.get(name);
  if (known) return known;
  const lowered = compiled.programs.get(name);
  const declaration = compiled.module?.scope()[name];
  assert.ok(lowered && isProgramDeclaration(declaration));
  const { type, license = 'GPL' } = declaration;
  const code = generate(finishProgram(name, lowered.ir, {}));
  try {
    loadProgram({ type, name: 'refused', code, license }).close();
  } catch (error) {
    assert.ok(error instanceof VerifierError, String(error));
    refused.set(name, error);
    return error;
  }
  return assert.fail(`${name} was accepted`);
}

describe('a refused program names its line', { skip: needsRoot }, () => {
  before(async () => {
    compiled = await compileModule(path);
    assert.deepEqual(compiled.diagnostics, []);
  });

  for (const { program, line, reason, hint } of refusals) {
    test(program, () => {
      const error = refusalOf(program);
      const at = source.findIndex((text) => text.includes(line));
      assert.ok(at >= 0);
      const [heading, place = '', instruction = '', why = '', advice = '', ...more] =
        error.message.split('\n');
      assert.match(heading ?? '', /^verify program "refused": E\w+ \(refused by the verifier\):$/);
      const [, shown, column, text] = /^ {2}refused\.bpf\.ts:(\d+):(\d+): (.*)$/.exec(place) ?? [];
      assert.equal(Number(shown), at + 1, error.message);
      assert.ok(Number(column) >= 1 && Number(column) <= (source[at]?.length ?? 0));
      assert.equal(text, source[at]?.trim());
      assert.match(instruction, /^ {4}\d+: \([0-9a-f]{2}\) [^;=]*(=[^;]*)?$/);
      assert.doesNotMatch(instruction, /R\d+=/, 'without the states of registers');
      assert.match(why, reason);
      assert.match(advice, hint);
      assert.deepEqual(more, []);
    });
  }

  test('the log is there on demand, and is not printed with the error', () => {
    const error = refusalOf('asLongAsThePacket');
    assert.ok(error.log.length > 10_000, `${error.log.length}`);
    assert.match(error.log, /processed \d+ insns/);
    assert.ok(inspect(error).length < 3000, inspect(error));
  });
});
