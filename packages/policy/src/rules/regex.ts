/**
 * Whether a text is a regular expression that proxies understand: extended POSIX with the usual additions, matched in time
 * linear in the text. JavaScript's own are a larger language; what it has beyond is refused here, what it writes in another
 * way is rewritten before it is asked.
 */

/** `[[:alpha:]]` and its like. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
};

/** How often a counted repetition may repeat. */
const MOST_REPETITIONS = 1000;

/** What is wrong with a regular expression, or nothing. */
export function regexProblem(text: string): string | undefined {
  const plain = text.replaceAll(/\\[\s\S]/g, '');
  if (/\(\?(=|!|<=|<!)/.test(plain)) return 'it looks ahead or behind';
  if (/\\[1-9]/.test(text.replaceAll('\\\\', ''))) return 'it refers back to a group';
  if (/[*+?}]\+/.test(plain.replaceAll(/\[\^?\]?[^\]]*\]/g, ''))) return 'it repeats a repetition';
  for (const [, least, most] of plain.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Number(least) > MOST_REPETITIONS || Number(most || 0) > MOST_REPETITIONS) {
      return `it repeats more than ${MOST_REPETITIONS} times`;
    }
  }
  let unknown: string | undefined;
  const rewritten = text
    .replaceAll(/\[:(\^?)(\w+):\]/g, (all, _not, name: string) => {
      if (!Object.hasOwn(CLASSES, name)) unknown ??= all;
      return CLASSES[name] ?? '';
    })
    .replaceAll(/\(\?[a-zA-Z]*(-[a-zA-Z]+)?\)/g, '')
    .replaceAll(/\(\?[a-zA-Z]*(-[a-zA-Z]+)?:/g, '(?:')
    .replaceAll('(?P<', '(?<');
  if (unknown !== undefined) return `${unknown} is no class of characters`;
  try {
    new RegExp(rewritten);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
  }
}
