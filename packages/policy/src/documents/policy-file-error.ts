/**
 * What is wrong with a file of policies or endpoints: all of it, so that it takes one round to put it right. One problem is
 * one line that begins with its place, as compilers write it, so that editors and terminals lead there.
 */
import { WaggleError } from '@waggle/bpf';
import type { Place } from '../rules/rule.ts';

/** One thing that is wrong. `message` is one sentence; `hint` says what is allowed or what to do. */
export interface Problem {
  readonly place: Place;
  readonly message: string;
  readonly hint?: string;
}

/** How many problems a message lists; the rest is counted. */
const LISTED = 50;

/** A text that was refused as a whole: nothing of it is in use. */
export class PolicyFileError extends WaggleError {
  override readonly name = 'PolicyFileError';
  /** Everything that is wrong, in the order of the text. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.slice(0, LISTED).map(formatProblem);
    if (problems.length > LISTED) lines.push(`and ${problems.length - LISTED} more problems`);
    super('MALFORMED', lines.join('\n'));
    this.problems = problems;
  }
}

/** A problem for people: `policies/web.yaml:12: spec.ingress[0]: what is wrong. What is allowed.` */
export function formatProblem({ place, message, hint }: Problem): string {
  const path = place.path === '' ? '' : `${place.path}: `;
  return `${formatPosition(place)}${path}${message}${hint === undefined ? '' : ` ${hint}`}`;
}

function formatPosition({ file, line }: Place): string {
  if (file === undefined) return line === undefined ? '' : `line ${line}: `;
  return line === undefined ? `${file}: ` : `${file}:${line}: `;
}
