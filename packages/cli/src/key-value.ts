/** `option=value` on the command line: what `config` commands take. */
import { WaggleError } from '@waggle/bpf/messages';

/** Options by their names. */
export function parseKeyValues(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text): [string, string] => {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new WaggleError('MALFORMED', `${JSON.stringify(text)} changes nothing`, {
      hint: 'A change is written OPTION=VALUE',
    });
  });
  return Object.fromEntries(pairs);
}
