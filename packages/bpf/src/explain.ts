/**
 * What is wrong with a value, in one sentence. Writers only find out that something is wrong, as fast as they
 * can; then this walks the type and the value again, slowly, to the first fault, and names its place:
 * `service_key.port`, `flow.hops[3]`.
 */
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import { nearest } from './nearest.ts';
import { rangeOf, type Scalar, typeRange } from './scalar.ts';
import type { Struct } from './struct.ts';
import { type ArrayType, type Type, typeName } from './types.ts';

/** The error that tells why `value` cannot be written as a `type`. */
export function explain(type: Type, value: unknown): WaggleError {
  const path = type.kind === 'struct' ? type.name : '';
  return (
    faultOf(type, value, path) ??
    // A getter or a proxy may answer differently the second time.
    new WaggleError(
      'WRONG_TYPE',
      `${at(path)}the value changed while it was being written as ${typeName(type)}`,
    )
  );
}

function faultOf(type: Type, value: unknown, path: string): WaggleError | undefined {
  switch (type.kind) {
    case 'scalar':
      if (type.name === 'bool')
        return typeof value === 'boolean' ? undefined : wrongType(path, 'a boolean', value);
      return type.bits === 64 ? bigintFault(type, value, path) : numberFault(type, value, path);
    case 'struct':
      return structFault(type, value, path);
    case 'array':
      return arrayFault(type, value, path);
    case 'bytes':
      if (!(value instanceof Uint8Array)) {
        return wrongType(path, `a Uint8Array of ${type.length} bytes`, value);
      }
      if (value.length === type.length) return undefined;
      return new WaggleError('WRONG_SIZE', `${at(path)}expects ${type.length} bytes, got ${value.length}`);
    case 'chars':
      return textFault(type.length, value, path);
  }
}

function numberFault(type: Scalar, value: unknown, path: string): WaggleError | undefined {
  if (typeof value === 'bigint') {
    return wrongType(
      path,
      `a number (${type.name})`,
      value,
      fits(type, value) ? `Write ${value}` : undefined,
    );
  }
  if (typeof value !== 'number') return wrongType(path, `a number (${type.name})`, value);
  if (!Number.isInteger(value)) {
    return new WaggleError('OUT_OF_RANGE', `${at(path)}${describe(value)} is not an integer (${type.name})`);
  }
  return fits(type, BigInt(value)) ? undefined : outOfRange(type, value, path);
}

function bigintFault(type: Scalar, value: unknown, path: string): WaggleError | undefined {
  if (typeof value === 'number') {
    const hint = Number.isInteger(value) ? `Write ${BigInt(value)}n` : undefined;
    return wrongType(path, `a bigint (${type.name})`, value, hint);
  }
  if (typeof value !== 'bigint') return wrongType(path, `a bigint (${type.name})`, value);
  return fits(type, value) ? undefined : outOfRange(type, value, path);
}

function structFault(type: Struct, value: unknown, path: string): WaggleError | undefined {
  const names = type.fields.map((field) => field.name);
  if (typeof value !== 'object' || value === null) {
    return wrongType(path, `an object with the fields ${names.join(', ')}`, value);
  }
  const present = new Set<string>();
  // Writers count the keys by for-in, so that is what counts here too.
  for (const key in value) present.add(key);
  for (const key of present) {
    if (names.includes(key)) continue;
    const missing = names.filter((name) => !present.has(name));
    const meant = nearest(key, missing) ?? nearest(key, names);
    return new WaggleError('UNKNOWN_FIELD', `${path || type.name} has no field ${JSON.stringify(key)}`, {
      hint: meant === undefined ? `Its fields are ${names.join(', ')}` : `Did you mean "${meant}"?`,
    });
  }
  const missing = names.find((name) => !present.has(name));
  if (missing !== undefined) {
    return new WaggleError('MISSING_FIELD', `${path || type.name} lacks the field "${missing}"`);
  }
  const fields = new Map(Object.entries(value));
  for (const field of type.fields) {
    const fault = faultOf(
      field.type,
      fields.get(field.name),
      path === '' ? field.name : `${path}.${field.name}`,
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function arrayFault(type: ArrayType, value: unknown, path: string): WaggleError | undefined {
  const expected = `an array of ${type.length} ${typeName(type.element)}`;
  if (!Array.isArray(value)) {
    const binary = value instanceof Uint8Array;
    return wrongType(path, expected, value, binary ? 'Declare bytes() for binary data' : undefined);
  }
  if (value.length !== type.length) {
    return new WaggleError('WRONG_SIZE', `${at(path)}expects ${expected}, got ${value.length}`);
  }
  for (let index = 0; index < type.length; index++) {
    const fault = faultOf(type.element, value[index], `${path}[${index}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function textFault(length: number, value: unknown, path: string): WaggleError | undefined {
  if (typeof value !== 'string') return wrongType(path, 'a string', value);
  if (value.includes('\0')) {
    return new WaggleError('WRONG_TYPE', `${at(path)}${describe(value)} has a NUL character in it`, {
      hint: 'Text ends at its first NUL; declare bytes() for binary data',
    });
  }
  if (/\p{Surrogate}/u.test(value)) {
    return new WaggleError('WRONG_TYPE', `${at(path)}${describe(value)} has half a surrogate pair in it`);
  }
  const size = new TextEncoder().encode(value).length;
  if (size <= length) return undefined;
  return new WaggleError(
    'WRONG_SIZE',
    `${at(path)}${describe(value)} takes ${size} bytes, but chars(${length}) holds ${length}`,
  );
}

function fits(type: Scalar, value: bigint): boolean {
  const [minimum, maximum] = rangeOf(type);
  return value >= minimum && value <= maximum;
}

function outOfRange(type: Scalar, value: number | bigint, path: string): WaggleError {
  return new WaggleError('OUT_OF_RANGE', `${at(path)}${describe(value)} does not fit ${typeRange(type)}`);
}

function wrongType(path: string, expected: string, value: unknown, hint?: string): WaggleError {
  const message = `${at(path)}expects ${expected}, got ${describe(value)}`;
  return new WaggleError('WRONG_TYPE', message, hint === undefined ? {} : { hint });
}

function at(path: string): string {
  return path === '' ? '' : `${path}: `;
}
