/** What `waggle map` and `waggle bpf` do: they ask the agent, print, and end. */
import type { BPFMap } from '@waggle/agent/client';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import { type Context, ExitCode } from './context.ts';
import { endpointId } from './endpoint-id.ts';
import { entriesText, mapListText } from './map-text.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';

/** Maps that belong together. */
export type Names = readonly [string, ...string[]];

type MapEntry = NonNullable<BPFMap['cache']>[number];

/** More than any map of ours holds. */
const ALL = 1 << 24;

export interface EntryOptions extends ClientOptions {
  readonly limit: number;
}

export async function list(options: ClientOptions, context: Context): Promise<void> {
  const { maps } = await ask(context, agentOf(options).maps());
  print(options, context, maps, () => mapListText(maps, styleFor(context.stdout)));
}

export async function entries(names: Names, options: EntryOptions, context: Context): Promise<void> {
  const map = await joined(names, options, options.limit, context);
  print(options, context, map, () => entriesText(map, styleFor(context.stdout).width));
}

export async function matching(
  names: Names,
  text: string,
  options: ClientOptions,
  context: Context,
): Promise<void> {
  await printFound(names, ({ key, value }) => hasWord(key, text) || hasWord(value, text), options, context);
}

/** @param subject - An endpoint, or an identity by its number. */
export async function policyOf(
  names: Names,
  subject: string,
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const identity = /^\d+$/.test(subject) ? subject : await identityOf(subject, options, context);
  await printFound(names, ({ key }) => key.startsWith(`identity=${identity} `), options, context);
}

async function identityOf(
  endpoint: string,
  options: ClientOptions,
  context: Context,
): Promise<number | undefined> {
  const { status } = await ask(context, agentOf(options).endpoint(endpointId(endpoint)));
  return status.identity?.id;
}

async function printFound(
  names: Names,
  isWanted: (entry: MapEntry) => boolean,
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const map = await joined(names, options, ALL, context);
  const cache = (map.cache ?? []).filter(isWanted);
  if (cache.length === 0) context.exitCode = ExitCode.failure;
  const found: BPFMap = { ...map, cache, truncated: false };
  print(options, context, found, () => entriesText(found, styleFor(context.stdout).width));
}

/** The entries of maps that belong together, as those of the first one. */
async function joined(
  [name, ...others]: Names,
  options: ClientOptions,
  limit: number,
  context: Context,
): Promise<BPFMap> {
  const map = await ask(context, agentOf(options).map(name, limit));
  const cache = [...(map.cache ?? [])];
  let { truncated = false } = map;
  for (const other of others) {
    const more = await ask(context, agentOf(options).map(other, limit));
    cache.push(...(more.cache ?? []));
    truncated ||= more.truncated === true || cache.length > limit;
  }
  return { ...map, cache: cache.slice(0, limit), truncated };
}

/** Whether a word stands in a text: neither 10.0.0.70 nor 110.0.0.7 has 10.0.0.7. */
function hasWord(text: string, word: string): boolean {
  const at = text.indexOf(word);
  if (at === -1) return false;
  const isPart = (character: string | undefined): boolean =>
    character !== undefined && /[\w.]/.test(character);
  const isAlone = !isPart(text[at - 1]) && !isPart(text[at + word.length]);
  return isAlone || hasWord(text.slice(at + 1), word);
}
