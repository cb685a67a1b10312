/**
 * The kernel's numbers and their words. What is written must be a word that is known; what is read may be a number from
 * a newer kernel, and is then called just that.
 */
import { describe, nearest, WaggleError } from '@waggle/bpf';

/** Words and the numbers that they stand for. */
export type Words<Word extends string> = Readonly<Record<Word, number>>;

/** What a number is called that has no word: `unknown 7`. */
export type Unknown = `unknown ${number}`;

/** The word for a number. */
export function wordOf<Word extends string>(words: Words<Word>, number: number): Word | Unknown {
  for (const word in words) if (words[word] === number) return word;
  return `unknown ${number}`;
}

/** The words for the bits that are set; bits without a word are left out. */
export function wordsOf<Word extends string>(words: Words<Word>, bits: number): Word[] {
  const found: Word[] = [];
  for (const word in words) if ((bits & words[word]) !== 0) found.push(word);
  return found;
}

/**
 * The number for a word; `what` names the set of words in the error.
 * @throws WaggleError WRONG_TYPE
 */
export function numberOf<Word extends string>(words: Words<Word>, word: Word, what: string): number {
  const number = Object.hasOwn(words, word) ? words[word] : undefined;
  if (number !== undefined) return number;
  const candidates = Object.keys(words);
  const meant = typeof word === 'string' ? nearest(word, candidates) : undefined;
  throw new WaggleError('WRONG_TYPE', `${describe(word)} is not ${what}`, {
    hint:
      meant === undefined
        ? `Write one of ${candidates.join(', ')}`
        : `Did you mean ${JSON.stringify(meant)}?`,
  });
}
