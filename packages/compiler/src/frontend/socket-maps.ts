/** Maps of sockets: what passes through one socket goes on to another, and sockets are put in as they connect. */
import { i32, type ProgramType, Sock, u32, u64 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { expression } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import type { MapTarget } from './map-calls.ts';
import { inMemory } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import type { Call } from './syntax.ts';

const ON_STREAMS: ReadonlySet<ProgramType> = new Set<ProgramType>([
  'skSkbParser',
  'skSkbStreamVerdict',
  'skSkbVerdict',
]);

/** `map.redirect(ctx, key, flags?)`: the verdict that sends a stream or message to the socket there. */
export function redirectToSocket(f: Lowering, map: MapTarget, node: Call): Operand {
  f.program.checkArguments(node, 'redirect', 2, 3);
  const { type } = f.program;
  const hash = map.spec.type === 'sockHash';
  const onMessages = type === 'skMsg';
  if (!onMessages && !ON_STREAMS.has(type)) {
    f.fail('W502', node.place, { what: 'redirect() to a socket', program: type, hint: '' });
  }
  const helper = onMessages
    ? hash
      ? Helper.msgRedirectHash
      : Helper.msgRedirectMap
    : hash
      ? Helper.skRedirectHash
      : Helper.skRedirectMap;
  const keyNode = node.args[1] ?? node;
  const key = hash ? keyAddress(f, map, node) : convert(f, expression(f, keyNode, u32), u32, keyNode.place);
  return status(f, helper, [contextAt(f, node), map.reference(), key, flags(f, node)]);
}

/** `map.update(ctx, key, flags?)`: puts the socket of a sock_ops program into the map. */
export function updateSocket(f: Lowering, map: MapTarget, node: Call): Operand {
  f.program.checkArguments(node, 'update', 2, 3);
  const { type } = f.program;
  if (type !== 'sockOps') {
    f.fail('W502', node.place, { what: 'update() with a socket', program: type, hint: '' });
  }
  const helper = map.spec.type === 'sockHash' ? Helper.sockHashUpdate : Helper.sockMapUpdate;
  return status(f, helper, [contextAt(f, node), map.reference(), keyAddress(f, map, node), flags(f, node)]);
}

/** `map.lookup(key)`: a socket that has to be released, or null. */
export function lookupSocket(f: Lowering, map: MapTarget, node: Call): Operand {
  f.program.checkArguments(node, 'lookup', 1);
  const { key } = map.spec;
  const [given = node] = node.args;
  if (!key) return f.fail('W214', node.place);
  const address = f.addressOf(inMemory(f, key, given));
  const args = [map.reference(), address];
  const value = f.emit({ op: 'callHelper', helper: Helper.mapLookupElem }, 'socket?', args);
  return { kind: 'pointer', to: Sock, value, offset: 0 };
}

function keyAddress(f: Lowering, map: MapTarget, node: Call): Value {
  const { key } = map.spec;
  const given = node.args[1] ?? node;
  return key ? f.addressOf(inMemory(f, key, given)) : f.fail('W214', given.place);
}

function contextAt(f: Lowering, node: Call): Value {
  const [given = node] = node.args;
  const operand = expression(f, given);
  if (operand.kind === 'context') return operand.value;
  return f.fail('W201', given.place, { expected: 'the context', got: describeOperand(operand), cast: 'ctx' });
}

function flags(f: Lowering, node: Call): Value {
  const given = node.args[2];
  return given ? convert(f, expression(f, given, u64), u64, given.place) : f.constant('i64', 0n);
}

function status(f: Lowering, helper: number, args: readonly Value[]): Operand {
  const answer = f.emit({ op: 'callHelper', helper }, 'i64', args);
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
}
