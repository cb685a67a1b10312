/**
 * The verifier's "no", made readable. Its log may run to megabytes; what tells is at the end: the instruction that
 * was refused and the reason. The message shows these two lines below the line of the source that they are about, and
 * says what to do; the whole log is in `log`:
 *
 *     verify program "sum": E2BIG (refused by the verifier):
 *       sum.bpf.ts:7:3: for (let index = 0; index < ctx.length; index++) {
 *         6: (ae) if w2 < w4 goto pc-8
 *         BPF program is too large. Processed 1000001 insn
 *       The verifier walks through every turn of every loop, …
 */
import type { Code } from '@waggle/compiler';
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { verifierHint } from './verifier-hints.ts';

/** Statistics and remarks that the kernel prints after the reason. */
const EPILOGUE =
  /^(processed \d+ insns|verification time|stack depth|mark_precise|peak_states|max_states|(cur|old) state:|\s*$|BPF program load)/;
/** `12: (61) r0 = *(u32 *)(r1 +100)`, with or without the register state behind it. */
const INSTRUCTION = /^(\d+): \([0-9a-f]{2}\) /;
const STATE = /\s+(;|\d+: R\d).*$/;
/** `; text of the line @ file.ts:12` (6.9 and later), `; text of the line` (before). */
const SOURCE = /^; (.*?)(?: @ (\S+:\d+))?$/;
/** Reasons that name the instruction, which need not be the one before them. */
const AT_INSTRUCTION = /^infinite loop detected at insn (\d+)$/;
/** Reasons that come upon the verifier wherever it happens to be in a loop: the loop is what tells. */
const TOO_LONG = /^(BPF program is too large|The sequence of \d+ jumps is too complex)/;
const JUMP_BACK = /goto(_or_nop)? pc-\d+/;

/** What matters of a verifier log. */
export interface VerifierSummary {
  /** Why the program was refused: the log's last line that is no statistics. */
  readonly reason: string;
  /** The instruction it was refused at, without register state. */
  readonly instruction: string | undefined;
  /** The source line of that instruction: its text and, if known, `file:line` or `file:line:column`. */
  readonly source: { readonly text: string; readonly place: string | undefined } | undefined;
}

/**
 * Finds the telling lines of a verifier log; of an empty log everything is empty.
 * @param lines the line table of the code, which knows more than the log of the places in the source.
 */
export function summarizeVerifierLog(log: string, lines: Code['lines'] = []): VerifierSummary {
  const text = log.split('\n').map((line) => line.trimEnd());
  const last = text.findLastIndex((line) => !EPILOGUE.test(line));
  if (last < 0) return { reason: '', instruction: undefined, source: undefined };
  const reason = INSTRUCTION.test(text[last] ?? '') ? '' : (text[last] ?? '');
  const at = tellingInstruction(text, last, reason);
  const [instruction, slot] = INSTRUCTION.exec(text[at] ?? '') ? [text[at] ?? '', slotOf(text[at])] : [];
  return {
    reason,
    instruction: instruction?.replace(STATE, ''),
    source: sourceInTable(lines, slot) ?? sourceInLog(text, at),
  };
}

const slotOf = (line: string | undefined): number => Number(INSTRUCTION.exec(line ?? '')?.[1]);

/** Where in the log the instruction is that a reason is about; -1 if there is none. */
function tellingInstruction(text: readonly string[], last: number, reason: string): number {
  const findLast = (matches: (line: string) => boolean): number =>
    text.findLastIndex((line, index) => index <= last && INSTRUCTION.test(line) && matches(line));
  const [, slot] = AT_INSTRUCTION.exec(reason) ?? [];
  const named = slot === undefined ? -1 : findLast((line) => line.startsWith(`${slot}: `));
  if (named >= 0) return named;
  const loop = TOO_LONG.test(reason) ? findLast((line) => JUMP_BACK.test(line)) : -1;
  return loop >= 0 ? loop : findLast(() => true);
}

function sourceInTable(lines: Code['lines'], slot: number | undefined): VerifierSummary['source'] {
  if (slot === undefined) return undefined;
  const line = lines.findLast((each) => each.slot <= slot);
  return line && { text: line.source.trim(), place: `${line.file}:${line.line}:${line.column}` };
}

function sourceInLog(text: readonly string[], at: number): VerifierSummary['source'] {
  const from = text.findLastIndex((line, index) => index <= at && SOURCE.test(line));
  const match = SOURCE.exec(text[from] ?? '');
  return match ? { text: match[1] ?? '', place: match[2] } : undefined;
}

/** The kernel refused a program. */
export class VerifierError extends KernelError {
  override readonly name = 'VerifierError';
  readonly summary: VerifierSummary;
  readonly #log: string;

  constructor(object: string, number: number, log: string, lines: Code['lines'] = []) {
    const summary = summarizeVerifierLog(log, lines);
    const { reason, instruction, source } = summary;
    const advice = verifierHint(reason);
    const telling = [
      source && `  ${source.place ?? 'source'}: ${source.text}`,
      instruction && `    ${instruction}`,
      reason && `    ${reason}`,
      advice && `  ${advice}`,
    ];
    super('verify', object, number, {
      code: number === errno.EPERM ? 'DENIED' : 'VERIFIER_REJECTED',
      reason: 'refused by the verifier',
      hint: telling
        .filter(Boolean)
        .map((line) => `\n${line}`)
        .join(''),
    });
    this.summary = summary;
    this.#log = log;
  }

  /** The verifier's whole log. No property of the object itself, for it would be printed with every error. */
  get log(): string {
    return this.#log;
  }
}
