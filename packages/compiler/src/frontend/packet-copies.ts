/**
 * `ctx.load(Type, offset)` and `ctx.store(Type, offset, value)`: bytes of the packet by copy, wherever the kernel keeps them.
 * ctx.at() is faster, but sees the linear part of a packet only.
 */
import { i32, type ProgramType, u32 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { expression } from './expressions.ts';
import { filled } from './filled.ts';
import type { Lowering } from './lowering.ts';
import { inMemory } from './memory.ts';
import type { Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { typeArgument } from './static-arguments.ts';
import type { Call } from './syntax.ts';

const LOADING: ReadonlySet<ProgramType> = new Set<ProgramType>([
  'xdp',
  'tc',
  'socketFilter',
  'cgroupSkbIngress',
  'cgroupSkbEgress',
  'lwtIn',
  'lwtOut',
  'lwtXmit',
  'lwtSeg6Local',
  'skSkbParser',
  'skSkbStreamVerdict',
  'skSkbVerdict',
  'flowDissector',
  'skReuseport',
  'skReuseportMigrate',
]);
const STORING: ReadonlySet<ProgramType> = new Set<ProgramType>([
  'xdp',
  'tc',
  'lwtXmit',
  'skSkbParser',
  'skSkbStreamVerdict',
  'skSkbVerdict',
]);

/** Lowers the call, if programs of this type have such a method. */
export function packetCopy(f: Lowering, context: Value, node: Call, method: string): Operand | undefined {
  const { type } = f.program;
  if (method === 'load' && LOADING.has(type)) return load(f, context, node);
  if (method === 'store' && STORING.has(type)) return store(f, context, node);
  return undefined;
}

function load(f: Lowering, context: Value, node: Call): Operand {
  f.program.checkArguments(node, 'load', 2);
  const to = typeArgument(f, node, 0);
  const offset = offsetArgument(f, node);
  const size = f.constant('i32', BigInt(to.size));
  const helper = f.program.type === 'xdp' ? Helper.xdpLoadBytes : Helper.skbLoadBytes;
  return filled(f, to, (address) =>
    f.emit({ op: 'callHelper', helper }, 'i64', [context, offset, address, size]),
  );
}

function store(f: Lowering, context: Value, node: Call): Operand {
  f.program.checkArguments(node, 'store', 3);
  const type = typeArgument(f, node, 0);
  const offset = offsetArgument(f, node);
  const from = f.addressOf(inMemory(f, type, node.args[2] ?? node));
  const args = [context, offset, from, f.constant('i32', BigInt(type.size))];
  const answer =
    f.program.type === 'xdp'
      ? f.emit({ op: 'callHelper', helper: Helper.xdpStoreBytes }, 'i64', args)
      : f.emit({ op: 'callHelper', helper: Helper.skbStoreBytes, kills: 'packet' }, 'i64', [
          ...args,
          f.constant('i64', 0n),
        ]);
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
}

function offsetArgument(f: Lowering, node: Call): Value {
  const given = node.args[1] ?? node;
  return convert(f, expression(f, given, u32), u32, given.place);
}
