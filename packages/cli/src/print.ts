/** How a command prints what it found: a table or sentences for people, JSON or YAML of the whole for programs. */
import { createRequire } from 'node:module';
import { Option } from 'commander';
import type { Context } from './context.ts';

/** What every command that prints something takes. */
export interface OutputOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

/** The option for it. */
export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table');

/**
 * Prints to the standard output.
 *
 * @param value - What programs get: plain data.
 * @param text - What people get, with its line breaks.
 */
export function print(
  { output }: OutputOptions,
  { stdout }: Pick<Context, 'stdout'>,
  value: unknown,
  text: () => string,
): void {
  stdout.write(output === 'table' ? text() : output === 'json' ? jsonText(value) : yamlText(value));
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** A value as YAML. The library is loaded only where somebody asks for that: it takes longer than most commands. */
export function yamlText(value: unknown): string {
  const yaml: typeof import('yaml') = createRequire(import.meta.url)('yaml');
  return yaml.stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
