/** The agent's log: lines for people, or JSON for programs, on standard error. */
import { type Logger, pino, type StreamEntry } from 'pino';

export type { Logger };

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'text' | 'json';
  readonly stream?: { write(text: string): unknown };
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
};
/** What every line has, and people do not need. */
const COMMON = new Set(['level', 'time', 'msg']);

export function createLog({ level, format, stream = process.stderr }: LogOptions): Logger {
  const write = (text: string): void => {
    stream.write(format === 'json' ? text : lineOf(text));
  };
  const destination: StreamEntry['stream'] = { write };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** One line for people: time, level, message, and the fields after it. */
function lineOf(json: string): string {
  const record: Record<string, unknown> = JSON.parse(json);
  const fields = Object.entries(record)
    .filter(([name]) => !COMMON.has(name))
    .map(([name, value]) => ` ${name}=${textOf(value)}`);
  return `${record.time} ${LEVELS[Number(record.level)] ?? record.level} ${record.msg}${fields.join('')}\n`;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'undefined';
  return /^[\w.:/@%+,=-]+$/.test(value) ? value : JSON.stringify(value);
}
