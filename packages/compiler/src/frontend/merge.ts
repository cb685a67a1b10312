/**
 * Where two ways give one value: `?:` and `??`. Each side is lowered in blocks of its own; then both become the same type,
 * literals adapting to the other side, and meet in a parameter.
 */
import { bool, type KernelFieldType, kernelTypeName, type Scalar } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { type IrType, isNullable, nonNull, type Space } from '../ir/type.ts';
import { condition, decideNull, decideTruth, lessThan } from './conditions.ts';
import { expression } from './expressions.ts';
import { either } from './facts.ts';
import { irType, type Lowering, sameType } from './lowering.ts';
import { elementOf, elementsOf, present, read } from './memory.ts';
import { describeOperand, type FoundMap, type Operand, type Pointer } from './operand.ts';
import { followChain, isOptionalChain } from './optional-chains.ts';
import { fullRange, type Known } from './range.ts';
import { convert, naturalType, scalarOf } from './scalars.ts';
import type { BuildingBlock } from './ssa.ts';
import type { Expression, Place } from './syntax.ts';

/** One way: what it gives, and the block in which it ends. */
interface Way {
  readonly operand: Operand;
  readonly end: BuildingBlock;
  readonly place: Place;
}

/** `condition ? then : otherwise`. */
export function choose(
  f: Lowering,
  node: Extract<Expression, { kind: 'conditional' }>,
  expected: KernelFieldType | undefined,
): Operand {
  const [yes, no] = [f.builder.block(), f.builder.block()];
  condition(f, node.condition, yes, no);
  const then = way(f, yes, node.whenTrue.place, () => expression(f, node.whenTrue, expected));
  const otherwise = way(f, no, node.whenFalse.place, () => expression(f, node.whenFalse, expected));
  return join(f, then, otherwise, expected);
}

/** `left ?? right`: instead of null, or of what an index outside of its array would give. */
export function orElse(
  f: Lowering,
  { left, right }: Extract<Expression, { kind: 'logical' }>,
  expected: KernelFieldType | undefined,
): Operand {
  const [there, missing] = [f.builder.block(), f.builder.block()];
  const finish = (value: () => Operand) => {
    const then = way(f, there, left.place, value);
    const otherwise = way(f, missing, right.place, () => expression(f, right, expected));
    return join(f, then, otherwise, expected);
  };
  const instead = () => {
    f.builder.enter(missing);
    return expression(f, right, expected);
  };
  if (left.kind === 'logical' && left.operator === '??') {
    // a ?? b ?? c: where b may be null as well, only c says what there is then.
    const rest = { ...left, left: left.right, right };
    return orElse(f, { ...left, right: rest }, expected);
  }
  if (left.kind === 'element') {
    const found = followChain(f, left.object, missing);
    if (!found) return instead();
    const object = present(f, found, left.object);
    const index = expression(f, left.index);
    const length = object.kind === 'pointer' ? elementsOf(object.to)?.length : undefined;
    if (object.kind === 'pointer' && length !== undefined) {
      const inside =
        index.kind !== 'scalar' || f.knownOf(index.value, index.type).seen.maximum < BigInt(length);
      if (inside) {
        const element = read(f, elementOf(f, object, index, left.index.place));
        if (!isOptionalChain(left.object)) return element;
        f.builder.jump(there, f.origin);
        return finish(() => element);
      }
      lessThan(f, index, BigInt(length), left.index.place, there, missing);
      return finish(() => read(f, elementOf(f, object, index, left.index.place, 'tested')));
    }
  }
  if (isOptionalChain(left)) {
    const found = followChain(f, left, missing);
    if (!found) return instead();
    // Nothing is put in the place of what is null itself.
    if (found.kind === 'optional') decideNull(f, found.pointer, there, missing);
    else if (isMaybe(found) && right.kind !== 'null') decideTruth(f, found, left.place, there, missing);
    else f.builder.jump(there, f.origin);
    return finish(() => (found.kind === 'optional' ? scalarOf(found.type, found.value) : found));
  }
  const operand = expression(f, left, expected);
  if (operand.kind === 'optional') {
    decideNull(f, operand.pointer, there, missing);
    return finish(() => scalarOf(operand.type, operand.value));
  }
  if (operand.kind === 'null') return expression(f, right, expected);
  if (!isMaybe(operand) || f.builder.isNonNull(operand.value)) return operand;
  decideTruth(f, operand, left.place, there, missing);
  return finish(() => operand);
}

const isMaybe = (operand: Operand): operand is Pointer | FoundMap =>
  operand.kind === 'pointer' || operand.kind === 'map';

/** What one way gives; undefined where it is known that it is not taken. */
function way(f: Lowering, start: BuildingBlock, place: Place, body: () => Operand): Way | undefined {
  f.builder.enter(start);
  if (!f.builder.reachable) return undefined;
  const operand = body();
  return { operand, end: f.builder.current, place };
}

function join(
  f: Lowering,
  then: Way | undefined,
  otherwise: Way | undefined,
  expected: KernelFieldType | undefined,
): Operand {
  if (then && otherwise) return merge(f, then, otherwise, expected);
  const only = then ?? otherwise;
  if (!only) return { kind: 'void' };
  f.builder.current = only.end;
  return only.operand;
}

/** Joins two ways and continues after them. */
function merge(f: Lowering, then: Way, otherwise: Way, expected: KernelFieldType | undefined): Operand {
  const { builder } = f;
  const end = builder.block();
  const from = (side: Way, value?: (operand: Operand) => Value): Value | undefined => {
    builder.current = side.end;
    return f.at(side.place, () => {
      const given = value?.(side.operand);
      builder.jump(end, f.origin, given === undefined ? [] : [given]);
      return given;
    });
  };
  const [left, right] = [then.operand, otherwise.operand];
  if (left.kind === 'void' && right.kind === 'void') {
    from(then);
    from(otherwise);
    builder.enter(end);
    return left;
  }
  const isPointer = (operand: Operand) => operand.kind === 'pointer' || operand.kind === 'null';
  if (isPointer(left) && isPointer(right)) return mergePointers(f, then, otherwise, end, from);
  const type = commonType(left, right, expected);
  if (type === undefined) {
    return f.fail('W202', otherwise.place, {
      left: describeOperand(left),
      right: describeOperand(right),
      operator: '?:',
      cast: left.kind === 'scalar' ? left.type.name : 'u32',
    });
  }
  const value = builder.param(end, irType(type));
  const known: Known[] = [];
  for (const side of [then, otherwise]) {
    from(side, (operand) => {
      const given = convert(f, operand, type, side.place);
      known.push(f.knownOf(given, type));
      return given;
    });
  }
  builder.enter(end);
  // The verifier goes both ways, so it knows of each what is known here.
  if (type !== bool) builder.setKnown(value, known.reduce(either));
  return { kind: 'scalar', type, value };
}

function mergePointers(
  f: Lowering,
  then: Way,
  otherwise: Way,
  end: BuildingBlock,
  from: (side: Way, value: (operand: Operand) => Value) => Value | undefined,
): Operand {
  const { builder } = f;
  const pointers = [then, otherwise].flatMap((side) =>
    side.operand.kind === 'pointer' ? [{ ...side, operand: side.operand }] : [],
  );
  const [first, second] = pointers;
  if (first === undefined) return { kind: 'null' };
  const space = nonNull(builder.typeOf(first.operand.value));
  if (second) {
    const other = nonNull(builder.typeOf(second.operand.value));
    if (other !== space) f.fail('W308', second.place, { left: spaceName(space), right: spaceName(other) });
    if (!sameType(first.operand.to, second.operand.to)) {
      f.fail('W308', second.place, {
        left: `a ${kernelTypeName(first.operand.to)}`,
        right: `a ${kernelTypeName(second.operand.to)}`,
      });
    }
  }
  const known = (side: Way): boolean => {
    if (side.operand.kind !== 'pointer') return false;
    builder.current = side.end;
    // The block after a test knows; one that is only entered by it, too.
    return builder.isNonNull(side.operand.value);
  };
  const present = known(then) && known(otherwise);
  const type: IrType = present ? space : `${space as Space}?`;
  const value = builder.param(end, type);
  const give = (operand: Operand): Value =>
    operand.kind === 'pointer' ? f.addressOf(operand) : f.emit({ op: 'const', value: 0n }, type);
  from(then, give);
  from(otherwise, give);
  builder.enter(end);
  return { kind: 'pointer', to: first.operand.to, value, offset: 0 };
}

/** How messages call memory. */
export function spaceName(type: IrType): string {
  const space = isNullable(type) ? nonNull(type) : type;
  const names: Readonly<Record<string, string>> = {
    packet: 'the packet',
    mapValue: 'a map',
    mapKey: 'a key of a map',
    stack: 'the stack',
    context: 'the context',
    kernel: 'the kernel',
    address: 'an address of the kernel',
  };
  return names[space] ?? `a ${space}`;
}

function commonType(
  left: Operand,
  right: Operand,
  expected: KernelFieldType | undefined,
): Scalar | undefined {
  if (left.kind === 'literal' && right.kind === 'literal') {
    const wanted = expected?.kind === 'scalar' ? expected : undefined;
    return wanted ?? (left.value < 0n ? naturalType(left) : naturalType(right));
  }
  if (left.kind === 'literal' && right.kind === 'scalar') return right.type;
  if (left.kind !== 'scalar') return undefined;
  if (right.kind === 'literal') return left.type;
  if (right.kind !== 'scalar') return undefined;
  if (left.type === right.type) return left.type;
  if (left.type === bool || right.type === bool) return undefined;
  const [narrow, wide] = left.type.bits < right.type.bits ? [left.type, right.type] : [right.type, left.type];
  const [inner, outer] = [fullRange(narrow), fullRange(wide)];
  const fits = inner.minimum >= outer.minimum && inner.maximum <= outer.maximum;
  return fits && narrow.byteOrder === wide.byteOrder && irType(narrow) === irType(wide) ? wide : undefined;
}
