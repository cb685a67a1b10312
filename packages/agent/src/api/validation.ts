/** What a request may hold: problems of zod in sentences, each with its path, all at once. */
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';

/** More problems than these nobody reads. */
const LISTED = 20;

/**
 * Checks a value against a model.
 *
 * @param where - What the value is, as `the body`.
 * @throws {@link WaggleError} MALFORMED with a line for each problem.
 */
export function checked<Model extends z.ZodType>(
  model: Model,
  value: unknown,
  where: string,
): z.output<Model> {
  const result = model.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues.slice(0, LISTED).map((issue) => `${placeOf(issue, where)} ${sentence(issue, model)}`);
  if (issues.length > LISTED) lines.push(`and ${issues.length - LISTED} more problems`);
  throw new WaggleError('MALFORMED', lines.join('\n'));
}

function placeOf({ path }: z.core.$ZodIssue, where: string): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === ''
    ? `${where[0]?.toUpperCase()}${where.slice(1)}`
    : `${text.replace(/^\./, '')} in ${where}`;
}

function sentence(issue: z.core.$ZodIssue, model: z.ZodType): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing: it must be ${article(issue.expected)}.`
        : `must be ${article(issue.expected)}, and is ${kindOf(issue.input)}.`;
    case 'unrecognized_keys': {
      const known = knownFields(model, issue.path);
      const allowed = known.length === 0 ? 'Nothing is allowed here.' : `Allowed are ${known.join(', ')}.`;
      return `has ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}, which is not known. ${allowed}`;
    }
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}, and is ${show(issue.input)}.`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'must not be empty.'
        : `must be at least ${issue.minimum}, and is ${show(issue.input)}.`;
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `must not be longer than ${issue.maximum}.`
        : `must be at most ${issue.maximum}, and is ${show(issue.input)}.`;
    case 'custom':
      return issue.message;
    default:
      return `is ${show(issue.input)}, which is not allowed: ${issue.message}.`;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  record: 'an object',
  object: 'an object',
  array: 'a list',
  undefined: 'absent',
};

const article = (type: string): string => TYPES[type] ?? `a ${type}`;

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A value for people: short, whatever somebody sent. */
function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return kindOf(value);
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** The fields of the object at a path of a model. */
function knownFields(model: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = model;
  for (const part of [...path, undefined]) {
    while (at instanceof z.ZodOptional || at instanceof z.ZodExactOptional || at instanceof z.ZodNullable)
      at = at.unwrap();
    if (part === undefined) break;
    if (at instanceof z.ZodArray) at = at.element;
    else if (at instanceof z.ZodObject) at = at.shape[String(part)];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The error of a filter that nothing meets, for which the field answers 404. */
export const nothingFound = (what: string, filter: readonly string[]): WaggleError =>
  new WaggleError('NOT_FOUND', `No ${what} with ${filter.join(', ')}.`);
