/**
 * The verifier's "no", made readable. Its log may run to megabytes; what tells is at the end: the instruction that
 * was refused and the reason. The message shows these two lines (and the source line, where the program has line
 * information); the whole log is in `log`.
 */
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';

/** Statistics and remarks that the kernel prints after the reason. */
const EPILOGUE =
  /^(processed \d+ insns|verification time|stack depth|mark_precise|peak_states|max_states|\s*$|BPF program load)/;
/** `12: (61) r0 = *(u32 *)(r1 +100)`, with or without the register state behind it. */
const INSTRUCTION = /^\d+: \([0-9a-f]{2}\) /;
/** `; text of the line @ file.ts:12` (6.9 and later), `; text of the line` (before). */
const SOURCE = /^; (.*?)(?: @ (\S+:\d+))?$/;

/** What matters of a verifier log. */
export interface VerifierSummary {
  /** Why the program was refused: the log's last line that is no statistics. */
  readonly reason: string;
  /** The instruction it was refused at, without register state. */
  readonly instruction: string | undefined;
  /** The source line of that instruction: its text and, on newer kernels, `file:line`. */
  readonly source: { readonly text: string; readonly place: string | undefined } | undefined;
}

/** Finds the telling lines of a verifier log; of an empty log everything is empty. */
export function summarizeVerifierLog(log: string): VerifierSummary {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const last = lines.findLastIndex((line) => !EPILOGUE.test(line));
  if (last < 0) return { reason: '', instruction: undefined, source: undefined };
  const at = lines.findLastIndex((line, index) => index <= last && INSTRUCTION.test(line));
  const from = lines.findLastIndex((line, index) => index <= at && SOURCE.test(line));
  const match = from < 0 ? null : SOURCE.exec(lines[from] ?? '');
  return {
    reason: at === last ? '' : (lines[last] ?? ''),
    instruction: at < 0 ? undefined : (lines[at] ?? '').replace(/\s+;.*$/, ''),
    source: match ? { text: match[1] ?? '', place: match[2] } : undefined,
  };
}

/** The kernel refused a program; `log` is the verifier's whole log. */
export class VerifierError extends KernelError {
  override readonly name = 'VerifierError';
  readonly log: string;
  readonly summary: VerifierSummary;

  constructor(object: string, number: number, log: string) {
    const summary = summarizeVerifierLog(log);
    const place = summary.source && `${summary.source.place ?? 'source'}: ${summary.source.text}`;
    const telling = [place, summary.instruction, summary.reason].filter(Boolean);
    super('verify', object, number, {
      code: number === errno.EPERM ? 'DENIED' : 'VERIFIER_REJECTED',
      hint: `\n    ${telling.join('\n    ')}`,
    });
    this.log = log;
    this.summary = summary;
  }
}
