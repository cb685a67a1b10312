/** What programs do with maps, by the type of the map: each method is one helper of the kernel, or a few instructions. */
import { bool, i32, type MapSpec, mapMethods, type Scalar, type Type, u32, u64 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { type CallbackShape, entryOperands, runCallback } from './callbacks.ts';
import { expression } from './expressions.ts';
import { filled } from './filled.ts';
import type { Lowering } from './lowering.ts';
import { inMemory, lookedUp, passable, present, read, zeroedSlot } from './memory.ts';
import { unknownWord } from './names.ts';
import { isStorage, storageCall } from './object-storages.ts';
import { describeOperand, type Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { lookupSocket, redirectToSocket, updateSocket } from './socket-maps.ts';
import type { Call } from './syntax.ts';

/** A map, declared or found in another one. */
export interface MapTarget {
  readonly spec: MapSpec;
  readonly name: string;
  reference(): Value;
}

type Method = (f: Lowering, map: MapTarget, node: Call) => Operand;

/** The flag by which a program means the CPU it runs on. */
const THIS_CPU = 0xffff_ffffn;

/** `map.method(…)`. */
export function mapCall(f: Lowering, map: MapTarget, node: Call, name: string): Operand {
  const { type } = map.spec;
  const known = mapMethods[type];
  if (isStorage(type) && known.includes(name)) return storageCall(f, map, node, name);
  const method = known.includes(name) ? (BY_TYPE[`${type}.${name}`] ?? METHODS[name]) : undefined;
  if (method) return method(f, map, node);
  return f.fail('W501', node.callee.place, {
    type,
    method: name,
    hint: known.length === 0 ? 'It is for user space' : unknownWord(name, known, 'methods'),
  });
}

const METHODS: Readonly<Record<string, Method>> = {
  lookup: (f, map, node) => {
    f.program.checkArguments(node, 'lookup', 1);
    const found = helper(f, Helper.mapLookupElem, 'mapValue?', [map.reference(), keyOf(f, map, node)]);
    return valueAt(f, map, found);
  },
  lookupOnCpu: (f, map, node) => {
    f.program.checkArguments(node, 'lookupOnCpu', 2);
    const args = [map.reference(), keyOf(f, map, node), scalarAt(f, node, 1, u32)];
    return valueAt(f, map, helper(f, Helper.mapLookupPercpuElem, 'mapValue?', args));
  },
  update: (f, map, node) => {
    f.program.checkArguments(node, 'update', 2, 3);
    const args = [
      map.reference(),
      keyOf(f, map, node),
      memoryAt(f, node, 1, map.spec.value),
      flags(f, node, 2),
    ];
    return status(f, Helper.mapUpdateElem, args);
  },
  delete: (f, map, node) => {
    f.program.checkArguments(node, 'delete', 1);
    return status(f, Helper.mapDeleteElem, [map.reference(), keyOf(f, map, node)]);
  },
  push: (f, map, node) => {
    f.program.checkArguments(node, 'push', 1, 2);
    const args = [map.reference(), memoryAt(f, node, 0, map.spec.value), flags(f, node, 1)];
    return status(f, Helper.mapPushElem, args);
  },
  pop: (f, map, node) => taken(f, map, node, Helper.mapPopElem),
  peek: (f, map, node) => taken(f, map, node, Helper.mapPeekElem),
  has: (f, map, node) => {
    f.program.checkArguments(node, 'has', 1);
    const args = [map.reference(), memoryAt(f, node, 0, map.spec.value)];
    const answer = f.emit({ op: 'truncate' }, 'i32', [helper(f, Helper.mapPeekElem, 'i64', args)]);
    const zero = f.constant('i32', 0n);
    return scalarOf(bool, f.emit({ op: 'compare', comparison: 'equal' }, 'i32', [answer, zero]));
  },
  redirect: (f, map, node) => {
    f.program.checkArguments(node, 'redirect', 1, 2);
    const args = [map.reference(), scalarAt(f, node, 0, u32), flags(f, node, 1)];
    return status(f, Helper.redirectMap, args);
  },
  forEach: (f, map, node) => {
    f.program.checkArguments(node, 'forEach', 1);
    const { key, value } = map.spec;
    if (!key || !value) return f.fail('W501', node.place, { type: map.spec.type, method: 'forEach' });
    const shape: CallbackShape = {
      name: 'forEach',
      parameters: ['map', 'mapKey', 'mapValue'],
      bind: (callback, values) => entryOperands(callback, key, value, values),
    };
    const reference = map.reference();
    return runCallback(f, node.args[0], node, shape, (callback, captured) =>
      helper(f, Helper.forEachMapElem, 'i64', [reference, callback, captured, f.constant('i64', 0n)]),
    );
  },
  drain: (f, map, node) => {
    f.program.checkArguments(node, 'drain', 1);
    const record = map.spec.record ?? f.fail('W505', node.place, { map: map.name });
    const shape: CallbackShape = {
      name: 'drain',
      parameters: ['kernel'],
      bind: (callback, [dynamic = 0]) => [receivedRecord(callback, record, dynamic)],
    };
    const reference = map.reference();
    return runCallback(f, node.args[0], node, shape, (callback, captured) =>
      helper(f, Helper.userRingbufDrain, 'i64', [reference, callback, captured, f.constant('i64', 0n)]),
    );
  },
  select: (f, map, node) => {
    f.program.checkArguments(node, 'select', 2, 3);
    const context = contextAt(f, node);
    const key = memoryAt(f, node, 1, map.spec.key);
    return status(f, Helper.skSelectReuseport, [context, map.reference(), key, flags(f, node, 2)]);
  },
  tailCall: (f, map, node) => {
    f.program.checkArguments(node, 'tailCall', 2);
    const args = [contextAt(f, node), map.reference(), scalarAt(f, node, 1, u32)];
    f.emit({ op: 'tailCall' }, 'void', args);
    return { kind: 'void' };
  },
  output: (f, map, node) => {
    f.program.checkArguments(node, 'output', 1, 2);
    const [given = node] = node.args;
    const { record } = map.spec;
    const pointer = record ? inMemory(f, record, given) : passable(f, expression(f, given), undefined, given);
    const size = f.constant('i64', BigInt(pointer.to.size));
    return status(f, Helper.ringbufOutput, [map.reference(), f.addressOf(pointer), size, flags(f, node, 1)]);
  },
  reserve: (f, map, node) => {
    f.program.checkArguments(node, 'reserve', 0);
    const record = map.spec.record ?? f.fail('W505', node.place, { map: map.name });
    const args = [map.reference(), f.constant('i64', BigInt(record.size)), f.constant('i64', 0n)];
    const value = helper(f, Helper.ringbufReserve, 'ringBuffer?', args);
    return { kind: 'pointer', to: record, value, offset: 0 };
  },
  submit: (f, _map, node) => release(f, node, Helper.ringbufSubmit),
  discard: (f, _map, node) => release(f, node, Helper.ringbufDiscard),
  query: (f, map, node) => {
    f.program.checkArguments(node, 'query', 1);
    return scalarOf(u64, helper(f, Helper.ringbufQuery, 'i64', [map.reference(), scalarAt(f, node, 0, u64)]));
  },
};

/** Methods of the same name that mean something else for some types. */
const BY_TYPE: Readonly<Record<string, Method>> = {
  'sockMap.lookup': lookupSocket,
  'sockHash.lookup': lookupSocket,
  'sockMap.update': updateSocket,
  'sockHash.update': updateSocket,
  'sockMap.redirect': redirectToSocket,
  'sockHash.redirect': redirectToSocket,
  'arrayOfMaps.lookup': lookupMap,
  'hashOfMaps.lookup': lookupMap,
  'perfEventArray.output': (f, map, node) => {
    f.program.checkArguments(node, 'output', 2);
    const context = contextAt(f, node);
    const [, given = node] = node.args;
    const pointer = passable(f, expression(f, given), undefined, given);
    const size = f.constant('i64', BigInt(pointer.to.size));
    const here = f.constant('i64', THIS_CPU);
    return status(f, Helper.perfEventOutput, [context, map.reference(), here, f.addressOf(pointer), size]);
  },
};

function lookupMap(f: Lowering, map: MapTarget, node: Call): Operand {
  f.program.checkArguments(node, 'lookup', 1);
  const { inner } = map.spec;
  if (!inner) return f.fail('W501', node.place, { type: map.spec.type, method: 'lookup' });
  const value = helper(f, Helper.mapLookupElem, 'map?', [map.reference(), keyOf(f, map, node)]);
  return { kind: 'map', spec: inner, value };
}

/** A value that is copied out of a queue: a struct on the stack, or null when there is none. */
function taken(f: Lowering, map: MapTarget, node: Call, number: number): Operand {
  f.program.checkArguments(node, 'pop', 0);
  const { value: type } = map.spec;
  if (!type) return f.fail('W501', node.place, { type: map.spec.type, method: 'pop' });
  return filled(f, type, (address) => helper(f, number, 'i64', [map.reference(), address]));
}

/** A copy of what user space has sent, on the stack; what is shorter than a record is passed over. */
function receivedRecord(f: Lowering, record: Type, dynamic: Value): Operand {
  const slot = zeroedSlot(f, record);
  const zero = f.constant('i64', 0n);
  const size = f.constant('i32', BigInt(record.size));
  const answer = helper(f, Helper.dynptrRead, 'i64', [
    slot.value,
    size,
    dynamic,
    f.constant('i32', 0n),
    zero,
  ]);
  const [complete, short] = [f.builder.block(), f.builder.block()];
  f.builder.branch(
    'equal',
    answer,
    zero,
    { block: complete, facts: [] },
    { block: short, facts: [] },
    f.origin,
  );
  f.builder.enter(short);
  f.builder.return(f.constant('i32', 0n), f.origin);
  f.builder.enter(complete);
  return read(f, slot);
}

/** Gives a reserved record back, to user space or to nobody. */
function release(f: Lowering, node: Call, number: number): Operand {
  f.program.checkArguments(node, 'submit', 1, 2);
  const [given = node] = node.args;
  const record = present(f, expression(f, given), given);
  if (record.kind !== 'pointer' || spaceOf(f.builder.typeOf(record.value)) !== 'ringBuffer') {
    return f.fail('W201', given.place, {
      expected: 'a reserved record',
      got: describeOperand(record),
      cast: 'reserve',
    });
  }
  f.emit({ op: 'callHelper', helper: number }, 'void', [record.value, flags(f, node, 1)]);
  return { kind: 'void' };
}

const valueAt = (f: Lowering, { spec }: MapTarget, value: Value): Operand =>
  spec.value ? lookedUp(f, spec.value, value) : { kind: 'void' };

function helper(
  f: Lowering,
  number: number,
  type: 'mapValue?' | 'ringBuffer?' | 'map?' | 'i64',
  args: Value[],
): Value {
  return f.emit({ op: 'callHelper', helper: number }, type, args);
}

/** A call that answers with 0, a negative errno, or a verdict. */
function status(f: Lowering, number: number, args: Value[]): Operand {
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [helper(f, number, 'i64', args)]));
}

const keyOf = (f: Lowering, map: MapTarget, node: Call): Value => memoryAt(f, node, 0, map.spec.key);

/** The address of an argument, in memory. */
function memoryAt(f: Lowering, node: Call, index: number, type: MapSpec['key']): Value {
  const given = node.args[index] ?? node;
  if (!type) return f.fail('W214', given.place);
  return f.addressOf(inMemory(f, type, given));
}

function scalarAt(f: Lowering, node: Call, index: number, type: Scalar): Value {
  const given = node.args[index] ?? node;
  return convert(f, expression(f, given, type), type, given.place);
}

const flags = (f: Lowering, node: Call, index: number): Value =>
  node.args[index] ? scalarAt(f, node, index, u64) : f.constant('i64', 0n);

function contextAt(f: Lowering, node: Call): Value {
  const [given = node] = node.args;
  const operand = expression(f, given);
  if (operand.kind === 'context') return operand.value;
  return f.fail('W201', given.place, { expected: 'the context', got: describeOperand(operand), cast: 'ctx' });
}
