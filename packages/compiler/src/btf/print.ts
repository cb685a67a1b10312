/**
 * Prints a BTF type as the C that declares it, one level deep: named types inside are mentioned by name, anonymous ones
 * are written out, for they have no other place. C declarators read from the name outwards, so a declaration is built
 * by wrapping the name in `*`, `[]` and `()` while following the type down to its base.
 */

import type { Btf } from './btf.ts';
import { MAX_DEPTH } from './layout.ts';
import type { BtfAggregate, BtfEnum, BtfEnum64, BtfFunctionPrototype, BtfType } from './types.ts';

/** Most types that one text may mention; types from outside may nest so that their text grows without limit. */
const MAX_MENTIONS = 1 << 16;

/** Returns the C declaration of a type, without a newline at its end; throws MALFORMED for a type that has no end. */
export function printType(btf: Btf, id: number): string {
  return new Printer(btf).statement(id);
}

class Printer {
  readonly #btf: Btf;
  #mentions = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  statement(id: number): string {
    const type = this.#btf.type(id);
    const { name } = type;
    switch (type.kind) {
      case 'struct':
      case 'union':
        return `${this.#aggregate(type, 0)};`;
      case 'enum':
      case 'enum64':
        return `${enumeration(type, 0)};`;
      case 'forward':
        return `${type.target} ${name};`;
      case 'typedef':
        return `typedef ${this.#declare(type.typeId, name)};`;
      case 'function':
      case 'variable':
        return `${type.linkage === 'global' ? '' : `${type.linkage} `}${this.#declare(type.typeId, name)};`;
      case 'dataSection': {
        const lines = type.variables.map(({ typeId, offset, size }) => {
          if (this.#mention(typeId, 0).kind !== 'variable') {
            throw this.#btf.malformed(id, `type ${typeId} in it is no variable`);
          }
          return `\t/* ${offset} + ${size} */ ${this.statement(typeId)}`;
        });
        return `/* section ${name}, ${type.size} bytes */ {\n${lines.join('\n')}\n}`;
      }
      case 'declarationTag': {
        const part = type.componentIndex < 0 ? '' : ` part ${type.componentIndex} of`;
        const { kind, name: target } = this.#btf.type(type.typeId);
        return `/* "${name}" tags${part} ${kind} ${target} */`;
      }
      default:
        return `${this.#declare(id, '')};`;
    }
  }

  /** Declares `declarator` (a name, or nothing) as of a type; nested bodies are indented from `indent` tabs on. */
  #declare(id: number, declarator: string, indent = 0, depth = 0): string {
    let text = declarator;
    let qualifiers: string[] = [];
    let type = this.#mention(id, depth);
    for (let length = 0; ; length++) {
      if (length > MAX_DEPTH) throw this.#btf.malformed(id, 'it refers to itself without end');
      switch (type.kind) {
        case 'const':
        case 'volatile':
        case 'restrict':
          // A const array of const elements is const once.
          if (!qualifiers.includes(type.kind)) qualifiers.push(type.kind);
          type = this.#mention(type.typeId, depth);
          break;
        case 'typeTag':
          qualifiers.push(`__attribute__((btf_type_tag("${type.name}")))`);
          type = this.#mention(type.typeId, depth);
          break;
        case 'pointer':
          text = joined(`*${qualifiers.length > 0 ? ` ${qualifiers.join(' ')}` : ''}`, text);
          qualifiers = [];
          type = this.#mention(type.typeId, depth);
          break;
        case 'array':
          // Qualifiers of an array are those of its elements, so they stay.
          text = `${grouped(text)}[${type.length}]`;
          type = this.#mention(type.elementTypeId, depth);
          break;
        case 'functionPrototype':
          text = `${grouped(text)}(${this.#parameters(type, depth + 1)})`;
          qualifiers = [];
          type = this.#mention(type.returnTypeId, depth);
          break;
        default: {
          const base = [...qualifiers, this.#base(type, indent, depth)].join(' ');
          return text === '' ? base : `${base} ${text}`;
        }
      }
    }
  }

  /** The name of a type that ends a chain, or its body if it has no name. */
  #base(type: BtfType, indent: number, depth: number): string {
    switch (type.kind) {
      case 'struct':
      case 'union':
        return type.name === '' ? this.#aggregate(type, indent, depth + 1) : `${type.kind} ${type.name}`;
      case 'enum':
      case 'enum64':
        return type.name === '' ? enumeration(type, indent) : `enum ${type.name}`;
      case 'forward':
        return `${type.target} ${type.name}`;
      case 'void':
        return 'void';
      default:
        return type.name;
    }
  }

  #aggregate(type: BtfAggregate, indent: number, depth = 0): string {
    if (type.members.length === 0) return `${heading(type.kind, type.name)} {}`;
    const tabs = '\t'.repeat(indent + 1);
    const lines = type.members.map((member) => {
      const bits = member.bitfieldBits > 0 ? `: ${member.bitfieldBits}` : '';
      return `${tabs}${this.#declare(member.typeId, member.name, indent + 1, depth)}${bits};\n`;
    });
    return `${heading(type.kind, type.name)} {\n${lines.join('')}${'\t'.repeat(indent)}}`;
  }

  #parameters({ parameters, variadic }: BtfFunctionPrototype, depth: number): string {
    const texts = parameters.map(({ name, typeId }) => this.#declare(typeId, name, 0, depth));
    if (variadic) texts.push('...');
    return texts.length === 0 ? 'void' : texts.join(', ');
  }

  #mention(id: number, depth: number): BtfType {
    if (++this.#mentions > MAX_MENTIONS || depth > MAX_DEPTH) {
      throw this.#btf.malformed(id, 'it is part of a type without end');
    }
    return this.#btf.type(id);
  }
}

function enumeration(type: BtfEnum | BtfEnum64, indent: number): string {
  const tabs = '\t'.repeat(indent + 1);
  const suffix = type.kind === 'enum' ? '' : type.signed ? 'LL' : 'ULL';
  const lines = type.values.map(({ name, value }) => `${tabs}${name} = ${value}${suffix},\n`);
  return `${heading('enum', type.name)} {\n${lines.join('')}${'\t'.repeat(indent)}}`;
}

/** A pointer needs parentheses before `[]` and `()`, which bind tighter. */
function grouped(declarator: string): string {
  return declarator.startsWith('*') ? `(${declarator})` : declarator;
}

/** `*` binds to what follows without a space, a qualifier does not. */
function joined(pointer: string, declarator: string): string {
  return pointer === '*' || declarator === '' ? pointer + declarator : `${pointer} ${declarator}`;
}

function heading(keyword: string, name: string): string {
  return name === '' ? keyword : `${keyword} ${name}`;
}
