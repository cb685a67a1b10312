/**
 * What a callback uses of the function around it. The kernel passes one pointer to a callback, so the values are laid out in a
 * struct on the stack of the caller: constants go in as copies; variables that the callback assigns go in, and come back out
 * when the call that ran it is over. What is known when the program is compiled is not passed at all.
 */
import type { Scalar } from '@waggle/bpf';
import type { AccessSize, Value } from '../ir/ir.ts';
import { type IrType, nonNull } from '../ir/type.ts';
import type { Binding, Lowering, VariableType } from './lowering.ts';
import { read, sizeOf } from './memory.ts';
import type { Operand } from './operand.ts';
import { scalarOf } from './scalars.ts';
import type { Variable } from './ssa.ts';
import type { FunctionSyntax } from './syntax.ts';
import { assignedNames, usedNames } from './syntax-queries.ts';

/** One value in the struct. */
interface Slot {
  readonly offset: number;
  readonly of: Scalar | IrType;
}

/** A variable of the caller that the callback assigns. */
interface Shared {
  readonly name: string;
  readonly outer: Variable;
  readonly type: VariableType;
  readonly slot: Slot;
}

export class Captures {
  /** The address of the struct; undefined if nothing is passed. */
  readonly address: Value | undefined;
  private readonly caller: Lowering;
  private readonly fixed: {
    readonly name: string;
    readonly operand: Operand;
    readonly slots: readonly Slot[];
  }[] = [];
  private readonly known: { readonly name: string; readonly binding: Binding }[] = [];
  private readonly shared: Shared[] = [];
  private size = 0;

  /** Finds what the callback uses, and writes it to the stack of the caller. */
  constructor(caller: Lowering, callback: FunctionSyntax) {
    this.caller = caller;
    const assigned = assignedNames(callback.body);
    const stores: { readonly slot: Slot; readonly value: Value }[] = [];
    const keep = (of: Slot['of'], value: Value): Slot => {
      const slot = this.place(of);
      stores.push({ slot, value });
      return slot;
    };
    for (const name of usedNames(callback.body)) {
      const binding = caller.lookup(name);
      if (!binding) continue;
      if (binding.kind === 'let' && assigned.has(name)) {
        const { variable: outer, type } = binding;
        const of = type.kind === 'scalar' ? type.type : outer.type;
        this.shared.push({ name, outer, type, slot: keep(of, caller.builder.read(outer)) });
        continue;
      }
      const operand = operandOf(caller, binding);
      const slots = operand && this.slotsFor(operand, keep);
      if (operand && slots) this.fixed.push({ name, operand, slots });
      else this.known.push({ name, binding });
    }
    if (this.size === 0) return;
    const address = caller.emit({ op: 'stackSlot', size: this.size, alignment: 8 }, 'stack');
    for (const { slot, value } of stores) {
      caller.emit({ op: 'store', size: slotSize(slot), offset: slot.offset }, 'void', [address, value]);
    }
    this.address = address;
  }

  /** Declares in the callback what it uses, read from the struct. */
  declare(callback: Lowering, address: Value): void {
    for (const { name, binding } of this.known) callback.declare(name, binding);
    for (const { name, operand, slots } of this.fixed) {
      const values = slots.map((slot) => load(callback, address, slot));
      callback.declare(name, { kind: 'const', operand: moved(operand, values) });
    }
    for (const each of this.shared) {
      const variable = { ...each.outer };
      callback.builder.write(variable, load(callback, address, each.slot));
      callback.declare(each.name, { kind: 'let', variable, type: each.type });
      callback.returning.push(() => {
        const { slot } = each;
        const value = callback.builder.read(variable);
        callback.emit({ op: 'store', size: slotSize(slot), offset: slot.offset }, 'void', [address, value]);
      });
    }
  }

  /** Gives the caller's variables what the callback has made of them. */
  takeBack(): void {
    const { caller, address } = this;
    if (address === undefined) return;
    for (const { outer, slot } of this.shared) caller.builder.write(outer, load(caller, address, slot));
  }

  private place(of: Slot['of']): Slot {
    const size = slotSize({ offset: 0, of });
    const offset = Math.ceil(this.size / size) * size;
    this.size = offset + size;
    return { offset, of };
  }

  /** Where the parts of an operand go that exist when the program runs; undefined if it has none. */
  private slotsFor(operand: Operand, keep: (of: Slot['of'], value: Value) => Slot): Slot[] | undefined {
    const { caller } = this;
    const pointer = (value: Value): IrType => {
      const type = caller.builder.typeOf(value);
      return caller.builder.isNonNull(value) ? nonNull(type) : type;
    };
    switch (operand.kind) {
      case 'scalar':
        return [keep(operand.type, operand.value)];
      case 'pointer':
        return [keep(pointer(operand.value), caller.addressOf(operand))];
      case 'optional':
        return [keep(operand.type, operand.value), keep(pointer(operand.pointer), operand.pointer)];
      case 'map':
      case 'context':
        return [keep(pointer(operand.value), operand.value)];
      default:
        return undefined;
    }
  }
}

/** What a name is now; a variable that nobody assigns meanwhile is as good as a constant. */
function operandOf(f: Lowering, binding: Binding): Operand | undefined {
  if (binding.kind === 'const') return binding.operand;
  if (binding.kind === 'faulty') return undefined;
  const { variable, type } = binding;
  const value = f.builder.read(variable);
  return type.kind === 'scalar'
    ? scalarOf(type.type, value)
    : { kind: 'pointer', to: type.to, value, offset: 0 };
}

/** The operand with its values elsewhere. */
function moved(operand: Operand, [value = 0, pointer = 0]: readonly Value[]): Operand {
  if (operand.kind === 'pointer') return { ...operand, value, offset: 0 };
  if (operand.kind === 'optional') return { ...operand, value, pointer };
  return { ...operand, value } as Operand;
}

const slotSize = ({ of }: Slot): AccessSize => (typeof of === 'string' ? 8 : sizeOf(of.size));

function load(f: Lowering, address: Value, { offset, of }: Slot): Value {
  if (typeof of === 'string') return f.emit({ op: 'load', size: 8, offset }, of, [address]);
  const found = read(f, { kind: 'pointer', to: of, value: address, offset });
  return found.kind === 'scalar' ? found.value : address;
}
