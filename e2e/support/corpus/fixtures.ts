/** The fixtures of all programs of the corpus, by name. */
import type { Fixture } from './fixture.ts';
import { parsing } from './fixtures-parsing.ts';
import { rewriting } from './fixtures-rewriting.ts';
import { sockets } from './fixtures-sockets.ts';
import { state } from './fixtures-state.ts';

const fixtures: Readonly<Record<string, Fixture>> = { ...parsing, ...rewriting, ...sockets, ...state };

/** The fixture of a program. */
export function fixtureOf(name: string): Fixture {
  const fixture = fixtures[name];
  if (!fixture) throw new Error(`the program ${name} of the corpus has no fixture`);
  return fixture;
}
