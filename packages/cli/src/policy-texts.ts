/** The texts of policies that are to be applied: files, directories of them, or the standard input. */
import { WaggleError } from '@waggle/bpf/messages';
import { policyFilesOf, readText } from './policy-paths.ts';

/** A text, and what it is called in messages. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

const STDIN = '-';

/**
 * Reads all texts. Of several, all are checked first, so that a mistake in one is found before any is applied.
 *
 * @param options - `replace`: they take the place of all others in one step, so they become one text.
 * @throws {@link PolicyFileError} with all problems of several texts.
 */
export async function readPolicyTexts(
  paths: readonly string[],
  { replace }: { readonly replace: boolean },
): Promise<PolicyText[]> {
  if (paths.filter((path) => path === STDIN).length > 1)
    throw new WaggleError('MALFORMED', 'The standard input can be read only once');
  const files = [...new Set(paths.flatMap((path) => (path === STDIN ? [path] : policyFilesOf(path))))];
  const texts: PolicyText[] = [];
  for (const file of files) {
    texts.push(
      file === STDIN
        ? { file: 'standard input', text: await readStandardInput() }
        : { file, text: readText(file) },
    );
  }
  const [first, ...others] = texts;
  if (first === undefined || others.length === 0) return texts;
  await check(texts);
  // Each document is one of YAML, of which JSON is a part.
  return replace
    ? [
        {
          file: `${first.file} and ${others.length} more`,
          text: texts.map(({ text }) => text).join('\n---\n'),
        },
      ]
    : texts;
}

async function check(texts: readonly PolicyText[]): Promise<void> {
  const { parsePolicies, PolicyFileError } = await import('@waggle/policy');
  const problems = texts.flatMap(({ file, text }) => {
    try {
      parsePolicies(text, { file });
      return [];
    } catch (error) {
      if (error instanceof PolicyFileError) return error.problems;
      throw error;
    }
  });
  if (problems.length > 0) throw new PolicyFileError(problems);
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
