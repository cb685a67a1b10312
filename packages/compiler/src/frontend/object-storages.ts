/**
 * Maps whose values hang on objects of the kernel and go with them: sockets, tasks, inodes, cgroups. The key is the object itself,
 * of which the verifier has to know the type.
 */
import { i32, kernelTypeName } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { socketArgument } from './helper-calls.ts';
import type { Lowering } from './lowering.ts';
import type { MapTarget } from './map-calls.ts';
import { lookedUp, present } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import { scalarOf } from './scalars.ts';
import type { Call } from './syntax.ts';

/** How the kernel calls the objects, and the helpers. */
interface Storage {
  /** Absent: a socket, which programs know by the struct `bpf_sock`. */
  readonly struct?: string;
  readonly get: number;
  readonly remove: number;
}

const STORAGES: Readonly<Record<string, Storage>> = {
  socketStorage: { get: Helper.skStorageGet, remove: Helper.skStorageDelete },
  taskStorage: { struct: 'task_struct', get: Helper.taskStorageGet, remove: Helper.taskStorageDelete },
  inodeStorage: { struct: 'inode', get: Helper.inodeStorageGet, remove: Helper.inodeStorageDelete },
  cgroupStorage: { struct: 'cgroup', get: Helper.cgrpStorageGet, remove: Helper.cgrpStorageDelete },
};

const CREATE = 1n;

/** Whether a map is a storage. */
export const isStorage = (type: string): boolean => type in STORAGES;

/** `storage.lookup(object)`, `ensure(object)` and `delete(object)`. */
export function storageCall(f: Lowering, map: MapTarget, node: Call, method: string): Operand {
  f.program.checkArguments(node, method, 1);
  const { type, value } = map.spec;
  const storage = STORAGES[type];
  if (!storage || !value) return f.fail('W501', node.place, { type, method });
  const object = objectArgument(f, storage, node);
  if (method === 'delete') {
    const answer = f.emit({ op: 'callHelper', helper: storage.remove }, 'i64', [map.reference(), object]);
    return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
  }
  const nothing = f.emit({ op: 'const', value: 0n }, 'stack?');
  const args = [map.reference(), object, nothing, f.constant('i64', method === 'ensure' ? CREATE : 0n)];
  return lookedUp(f, value, f.emit({ op: 'callHelper', helper: storage.get }, 'mapValue?', args));
}

function objectArgument(f: Lowering, { struct }: Storage, node: Call): Value {
  const [given = node] = node.args;
  if (struct === undefined) return socketArgument(f, given);
  const pointer = present(f, expression(f, given), given);
  const fits = pointer.kind === 'pointer' && pointer.to.kind === 'kernelStruct' && pointer.to.name === struct;
  if (!fits) {
    return f.fail('W201', given.place, {
      expected: `a struct ${struct} of the kernel`,
      got: pointer.kind === 'pointer' ? `a ${kernelTypeName(pointer.to)}` : describeOperand(pointer),
      cast: 'kernelStruct',
    });
  }
  if (spaceOf(f.builder.typeOf(pointer.value)) !== 'kernel') {
    f.fail('W311', given.place, { what: 'memory whose type the verifier does not know' });
  }
  return f.addressOf(pointer);
}
