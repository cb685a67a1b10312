/**
 * Label selectors as texts, in Kubernetes' form: `app=web`, `env in (a, b)`, `tier notin (x)`, `canary`, `!canary`, separated by
 * commas. A key may name its source (`k8s:app`, `reserved:host`); without one, every source counts.
 */
import { WaggleError } from '@waggle/bpf';
import { ANY_SOURCE, type LabelSelector, parseLabelKey, type Requirement } from '@waggle/policy';

const KEY = /^[^\s=!,()<>]+/;
const VALUE = /^[^\s=!,()]*/;

/** @throws WaggleError MALFORMED with the place where it cannot be read on. */
export function parseSelector(text: string): LabelSelector {
  const reader = new SelectorReader(text);
  const requirements: Requirement[] = [];
  do requirements.push(reader.requirement());
  while (reader.take(','));
  reader.end();
  return { requirements };
}

class SelectorReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  requirement(): Requirement {
    if (this.take('!')) return { ...this.#key(), operator: 'doesNotExist', values: [] };
    const key = this.#key();
    if (this.take('!=')) return { ...key, operator: 'notIn', values: [this.#value()] };
    if (this.take('==') || this.take('=')) return { ...key, operator: 'in', values: [this.#value()] };
    if (this.#word('in')) return { ...key, operator: 'in', values: this.#values() };
    if (this.#word('notin')) return { ...key, operator: 'notIn', values: this.#values() };
    return { ...key, operator: 'exists', values: [] };
  }

  take(symbol: string): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    return true;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#refuse('a comma');
  }

  #word(word: string): boolean {
    this.#skipSpace();
    const found = /^[a-z]+/.exec(this.#rest)?.[0];
    return found === word && this.take(word);
  }

  #key(): { source: string; key: string } {
    this.#skipSpace();
    const name = KEY.exec(this.#rest)?.[0];
    if (name === undefined) return this.#refuse('the key of a label');
    this.#at += name.length;
    const { source, key } = parseLabelKey(name, ANY_SOURCE);
    return key === '' ? this.#refuse('a key behind the source') : { source, key };
  }

  #values(): string[] {
    if (!this.take('(')) return this.#refuse('"("');
    const values: string[] = [];
    do values.push(this.#value());
    while (this.take(','));
    return this.take(')') ? values : this.#refuse('")"');
  }

  #value(): string {
    this.#skipSpace();
    const value = VALUE.exec(this.#rest)?.[0] ?? '';
    this.#at += value.length;
    return value;
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #refuse(wanted: string): never {
    const place = this.#rest === '' ? 'at its end' : `at "${this.#rest}"`;
    throw new WaggleError(
      'MALFORMED',
      `The label selector "${this.#text}" is wrong ${place}: ${wanted} is missing`,
      {
        hint: 'It is written as app=web,env in (a, b),!canary',
      },
    );
  }
}
