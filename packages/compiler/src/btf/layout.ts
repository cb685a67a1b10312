/**
 * Sizes and places: how many bytes a type takes, and where the members of a struct or union lie. Members of anonymous
 * structs and unions count as members of the struct around them, as in C. BTF may come from anywhere, so no walk trusts
 * it to be acyclic: chains and nesting are limited to depths, and flattening to a number of members, that no compiler
 * reaches.
 */

import { nearest, WaggleError } from '@waggle/bpf';
import type { Btf } from './btf.ts';
import { POINTER_SIZE } from './format.ts';
import type { BtfAggregate, BtfAnonymousMember, BtfMember, BtfRawMember, BtfType } from './types.ts';

/** Longest chain of typedefs, qualifiers and array dimensions, and deepest nesting of anonymous structs. */
export const MAX_DEPTH = 64;
/** Most members that one struct may have with all anonymous ones inside. */
const MAX_FLAT_MEMBERS = 1 << 16;

/** Follows typedefs, qualifiers and type tags to the type behind them; throws MALFORMED for an endless chain. */
export function resolve(btf: Btf, id: number): BtfType {
  let type = btf.type(id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (type.kind) {
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        type = btf.type(type.typeId);
        break;
      default:
        return type;
    }
  }
  throw btf.malformed(id, `more than ${MAX_DEPTH} typedefs and qualifiers follow each other`);
}

/** Returns the size of a type in bytes, or undefined for one without size (void, functions, forward declarations, tags). */
export function sizeOf(btf: Btf, id: number): number | undefined {
  let elements = 1;
  let type = resolve(btf, id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (type.kind) {
      case 'array':
        elements *= type.length;
        type = resolve(btf, type.elementTypeId);
        break;
      case 'variable':
        type = resolve(btf, type.typeId);
        break;
      default: {
        const size = type.kind === 'pointer' ? POINTER_SIZE : 'size' in type ? type.size : undefined;
        if (size === undefined) return undefined;
        if (size * elements > 0xffff_ffff) throw btf.malformed(id, 'it is larger than 4 GiB');
        return size * elements;
      }
    }
  }
  throw btf.malformed(id, `it has more than ${MAX_DEPTH} array dimensions`);
}

/** Returns the members of a struct or union in the order of their declaration, anonymous ones replaced by theirs. */
export function membersOf(btf: Btf, aggregate: BtfAggregate): BtfMember[] {
  const members: BtfMember[] = [];
  let visited = 0;
  const visit = (outer: BtfAggregate, base: number, depth: number): void => {
    if (depth > MAX_DEPTH) throw btf.malformed(outer.id, `it is nested deeper than ${MAX_DEPTH} levels`);
    for (const raw of outer.members) {
      if (++visited > MAX_FLAT_MEMBERS) {
        throw btf.malformed(aggregate.id, `it has more than ${MAX_FLAT_MEMBERS} members`);
      }
      const member = placeMember(btf, outer, raw, base);
      const inner = raw.name === '' ? resolve(btf, raw.typeId) : undefined;
      if (inner?.kind === 'struct' || inner?.kind === 'union') visit(inner, member.bitOffset, depth + 1);
      // A bit field without name is padding; nobody can refer to it.
      else if (raw.name !== '') members.push(member);
    }
  };
  visit(aggregate, 0, 0);
  return members;
}

/** Returns the anonymous structs and unions directly in a struct or union, in order, with the members of each. */
export function anonymousMembersOf(btf: Btf, aggregate: BtfAggregate): BtfAnonymousMember[] {
  const found: BtfAnonymousMember[] = [];
  for (const raw of aggregate.members) {
    if (raw.name !== '') continue;
    const inner = resolve(btf, raw.typeId);
    if (inner.kind !== 'struct' && inner.kind !== 'union') continue;
    const { byteOffset, byteSize, bitOffset } = placeMember(btf, aggregate, raw, 0);
    const members = membersOf(btf, inner).map((member) => shift(member, bitOffset, member.name));
    found.push({ kind: inner.kind, typeId: inner.id, byteOffset, byteSize, members });
  }
  return found;
}

/**
 * Finds a member by name, or by a dotted path into embedded structs (`link_create.tracing.cookie`).
 * Throws NOT_FOUND when there is none of that name.
 */
export function memberAt(btf: Btf, aggregate: BtfAggregate, path: string): BtfMember {
  let current: BtfType = aggregate;
  let place = `${aggregate.kind} ${aggregate.name || '(anonymous)'}`;
  let bitOffset = 0;
  let found: BtfMember | undefined;
  for (const name of path.split('.')) {
    if (current.kind !== 'struct' && current.kind !== 'union') {
      throw new WaggleError(
        'NOT_FOUND',
        `${place} in ${btf.label} is of kind ${current.kind} and has no members`,
      );
    }
    const members = membersOf(btf, current);
    found = members.find((member) => member.name === name);
    if (!found) {
      const similar = nearest(
        name,
        members.map((member) => member.name),
      );
      throw new WaggleError(
        'NOT_FOUND',
        `${place} in ${btf.label} has no member '${name}'`,
        similar === undefined ? {} : { hint: `Did you mean ${similar}?` },
      );
    }
    bitOffset += found.bitOffset;
    current = resolve(btf, found.typeId);
    place += `.${name}`;
  }
  if (!found) throw new WaggleError('NOT_FOUND', 'the path of a member is empty');
  return shift(found, bitOffset - found.bitOffset, path);
}

/** Gives a raw member its place, counted from `base` bits; throws MALFORMED if it does not fit its struct. */
function placeMember(btf: Btf, outer: BtfAggregate, raw: BtfRawMember, base: number): BtfMember {
  const label = `member ${raw.name || '(anonymous)'}`;
  const size = sizeOf(btf, raw.typeId);
  if (size === undefined) throw btf.malformed(outer.id, `${label} has a type without size`);
  let { bitOffset } = raw;
  let bitSize = size * 8;
  let isBitfield = false;
  if (raw.bitfieldBits > 0) {
    bitSize = raw.bitfieldBits;
    isBitfield = true;
  } else {
    // Compilers before 2019 wrote a bit field as a member of an int type of so many bits.
    const type = resolve(btf, raw.typeId);
    if (type.kind === 'int' && type.bits !== bitSize) {
      bitSize = type.bits;
      bitOffset += type.bitOffset;
      isBitfield = true;
    }
  }
  if (bitOffset + bitSize > outer.size * 8) {
    throw btf.malformed(outer.id, `${label} ends after the ${outer.size} bytes of its ${outer.kind}`);
  }
  return member(raw.name, raw.typeId, base + bitOffset, bitSize, isBitfield);
}

function shift(from: BtfMember, bits: number, name: string): BtfMember {
  return member(name, from.typeId, from.bitOffset + bits, from.bitSize, from.isBitfield);
}

function member(
  name: string,
  typeId: number,
  bitOffset: number,
  bitSize: number,
  isBitfield: boolean,
): BtfMember {
  const byteOffset = Math.floor(bitOffset / 8);
  const byteSize = Math.ceil((bitOffset + bitSize) / 8) - byteOffset;
  return { name, typeId, bitOffset, bitSize, byteOffset, byteSize, isBitfield };
}
