/**
 * Writes the JavaScript of a reader and a writer for one type. A walk over the type description at every
 * value would cost some hundred nanoseconds; straight-line code with constant offsets and one object literal
 * per struct costs a tenth, because the engine knows every shape in it. Only identifiers and integers get
 * from the type into the source, and both are checked again here, whoever made the type.
 */
import { WaggleError } from './errors.ts';
import type { Scalar } from './scalar.ts';
import type { Struct } from './struct.ts';
import type { ArrayType, Type } from './types.ts';

/** Up to this many elements or bytes are unrolled; beyond, a loop is as fast and keeps the source short. */
const LONGEST_UNROLLED = 8;

/**
 * The body of a function that gets `view` and `offset` and returns the value. It expects in scope `getText`
 * and `getBytes` (view, offset, length).
 */
export function readerSource(type: Type, littleEndian: boolean): string {
  const source = new Source(littleEndian);
  const result = source.read(type, new Place('offset', 0));
  source.add(`return ${result};`);
  return source.text();
}

/**
 * The body of a function that gets `view`, `offset` and `value`, and returns true, or false at the first
 * thing that is wrong with the value. It expects in scope `putText` and `putBytes` (view, offset, length,
 * value).
 */
export function writerSource(type: Type, littleEndian: boolean): string {
  const source = new Source(littleEndian);
  source.write(type, new Place('offset', 0), 'value');
  source.add('return true;');
  return source.text();
}

/** An address: a variable of the generated code plus a constant. */
class Place {
  readonly #variable: string;
  readonly #constant: number;

  constructor(variable: string, constant: number) {
    this.#variable = variable;
    this.#constant = constant;
  }

  plus(distance: number): Place {
    return new Place(this.#variable, this.#constant + distance);
  }

  toString(): string {
    return `${this.#variable} + ${integer(this.#constant)}`;
  }
}

class Source {
  readonly #lines: string[] = [];
  readonly #littleEndian: boolean;
  #names = 0;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  text(): string {
    return this.#lines.join('\n');
  }

  /** Adds what must be computed before, and returns the expression of the value at that place. */
  read(type: Type, place: Place): string {
    switch (type.kind) {
      case 'scalar': {
        const get = `view.get${accessor(type)}(${place}${this.#order(type)})`;
        return type.name === 'bool' ? `(${get} !== 0)` : get;
      }
      case 'struct': {
        const fields = type.fields.map(
          (field) => `${identifier(field.name)}: ${this.read(field.type, place.plus(field.offset))}`,
        );
        return `{ ${fields.join(', ')} }`;
      }
      case 'array':
        return this.#readArray(type, place);
      case 'bytes':
        return `getBytes(view, ${place}, ${integer(type.length)})`;
      case 'chars':
        return `getText(view, ${place}, ${integer(type.length)})`;
    }
  }

  /** Adds the checks of the value that the variable or parameter `name` holds, and the stores. */
  write(type: Type, place: Place, name: string): void {
    switch (type.kind) {
      case 'scalar':
        this.add(`if (${misfit(type, name)}) return false;`);
        this.add(
          `view.set${accessor(type)}(${place}, ${type.name === 'bool' ? `${name} ? 1 : 0` : name}${this.#order(type)});`,
        );
        return;
      case 'struct':
        this.#writeStruct(type, place, name);
        return;
      case 'array':
        this.#writeArray(type, place, name);
        return;
      case 'bytes':
        this.add(`if (!putBytes(view, ${place}, ${integer(type.length)}, ${name})) return false;`);
        return;
      case 'chars':
        this.add(`if (typeof ${name} !== 'string') return false;`);
        this.add(`if (!putText(view, ${place}, ${integer(type.length)}, ${name})) return false;`);
        return;
    }
  }

  #readArray(type: ArrayType, place: Place): string {
    const { element } = type;
    if (element.kind === 'scalar' && type.length <= LONGEST_UNROLLED) {
      const items = Array.from({ length: type.length }, (_, index) =>
        this.read(element, place.plus(index * element.size)),
      );
      return `[${items.join(', ')}]`;
    }
    const items = this.#name('items');
    this.add(`const ${items} = [];`);
    this.#loop(type, place, (_, at) => this.add(`${items}.push(${this.read(element, at)});`));
    return items;
  }

  #writeArray(type: ArrayType, place: Place, name: string): void {
    this.add(`if (!Array.isArray(${name}) || ${name}.length !== ${integer(type.length)}) return false;`);
    this.#loop(type, place, (index, at) => {
      const item = this.#name('item');
      this.add(`const ${item} = ${name}[${index}];`);
      this.write(type.element, at, item);
    });
  }

  #loop(type: ArrayType, place: Place, body: (index: string, place: Place) => void): void {
    const index = this.#name('index');
    const at = this.#name('at');
    this.add(
      `for (let ${index} = 0, ${at} = ${place}; ${index} < ${integer(type.length)}; ${index}++, ${at} += ${integer(type.element.size)}) {`,
    );
    body(index, new Place(at, 0));
    this.add('}');
  }

  #writeStruct(type: Struct, place: Place, name: string): void {
    this.add(`if (typeof ${name} !== 'object' || ${name} === null) return false;`);
    // As many keys as fields, and each field of the right type: then there is no unknown one.
    const keys = this.#name('keys');
    this.add(`let ${keys} = 0;`);
    this.add(`for (const _ in ${name}) ${keys}++;`);
    this.add(`if (${keys} !== ${integer(type.fields.length)}) return false;`);
    let end = 0;
    for (const field of type.fields) {
      this.#zero(place.plus(end), field.offset - end);
      const member = this.#name('field');
      this.add(`const ${member} = ${name}.${identifier(field.name)};`);
      this.write(field.type, place.plus(field.offset), member);
      end = field.offset + field.type.size;
    }
    this.#zero(place.plus(end), type.size - end);
  }

  /** Padding, and what belongs to the kernel: in as few stores as there are bits in its length. */
  #zero(place: Place, length: number): void {
    let done = 0;
    for (; length - done >= 8; done += 8) this.add(`view.setBigUint64(${place.plus(done)}, 0n);`);
    for (const [bytes, setter] of [
      [1, 'setUint8'],
      [2, 'setUint16'],
      [4, 'setUint32'],
    ] as const) {
      if ((length & bytes) === 0) continue;
      this.add(`view.${setter}(${place.plus(done)}, 0);`);
      done += bytes;
    }
  }

  #order(type: Scalar): string {
    if (type.size === 1) return '';
    return `, ${type.byteOrder === 'native' && this.#littleEndian}`;
  }

  #name(stem: string): string {
    this.#names++;
    return `${stem}${this.#names}`;
  }
}

/** The end of the names of the DataView methods for a scalar. */
function accessor(type: Scalar): string {
  const bits = integer(type.bits);
  return type.bits === 64 ? `Big${type.signed ? 'Int' : 'Uint'}64` : `${type.signed ? 'Int' : 'Uint'}${bits}`;
}

/** An expression that is true when the value does not fit the scalar. -0 passes, and is stored as 0. */
function misfit(type: Scalar, name: string): string {
  if (type.name === 'bool') return `typeof ${name} !== 'boolean'`;
  if (type.bits === 64) {
    return `typeof ${name} !== 'bigint' || BigInt.as${type.signed ? 'Int' : 'Uint'}N(64, ${name}) !== ${name}`;
  }
  const shift = 32 - type.bits;
  const wrapped = `${name} << ${integer(shift)} ${type.signed ? '>>' : '>>>'} ${integer(shift)}`;
  return `typeof ${name} !== 'number' || (${wrapped}) !== ${name}`;
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw forged();
  return String(value);
}

function identifier(name: string): string {
  if (typeof name !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__proto__')
    throw forged();
  return name;
}

function forged(): WaggleError {
  return new WaggleError('BAD_DECLARATION', 'The type was not made by struct(), array(), bytes() or chars()');
}
