/** Options of the agent as the user gives them: on the command line, and in a file. */
import { WaggleError } from '@waggle/bpf/messages';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { readText } from './policy-paths.ts';

/** What the command line says, besides the options of the agent. */
const OTHERS: readonly string[] = ['config', 'dry-run', 'state', 'output'];

/** The options that were given, by their long names. */
export function givenOptions(command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const option of command.options) {
    const name = option.name().replace(/^no-/, '');
    const attribute = option.attributeName();
    if (OTHERS.includes(name) || command.getOptionValueSource(attribute) !== 'cli') continue;
    given[name] = command.getOptionValue(attribute);
  }
  return given;
}

/**
 * The options in a file of YAML, by their long names.
 *
 * @throws WaggleError MALFORMED for what is no map of options
 */
export function readAgentFile(file: string): Record<string, unknown> {
  const value = parsed(file, readText(file)) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value };
  throw new WaggleError('MALFORMED', `${file} holds no options`, {
    hint: 'It is YAML, by long names without the dashes: "ipv4-pool: 10.92.0.0/16"',
  });
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const [first = ''] = cause instanceof Error ? cause.message.split('\n') : [];
    throw new WaggleError('MALFORMED', `${file} is no YAML: ${first.replace(/:$/, '')}`, { cause });
  }
}
