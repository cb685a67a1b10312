/** Queries as they come from outside: what cannot be is refused with a sentence, before anything is read. */
import { WaggleError } from '@waggle/bpf/messages';
import type { EventQuery } from '../source.ts';

/** @throws WaggleError OUT_OF_RANGE, MALFORMED */
export function checkQuery({ number, first, follow, since, until }: EventQuery): void {
  if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) {
    throw new WaggleError('OUT_OF_RANGE', `${number} flows cannot be asked for`, {
      hint: 'Ask for a whole number of them, from 0 on',
    });
  }
  if (since !== undefined && until !== undefined && since > until) {
    throw new WaggleError('OUT_OF_RANGE', 'The time until which flows are asked for is before their begin', {
      hint: 'Give a time for until that is not before since',
    });
  }
  if (first && follow) {
    throw new WaggleError('MALFORMED', 'The first flows and those to come cannot be asked for at once', {
      hint: 'Leave out first, or follow',
    });
  }
}
