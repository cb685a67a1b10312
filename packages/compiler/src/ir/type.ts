/**
 * The types of IR values. Integers are 32 or 64 bits wide; an `i32` lives in a register with its upper half zero, so
 * widening it unsigned costs nothing. Pointers are told apart by what they point to, because the verifier does: a pointer to
 * a packet dies at other events than one to a map's value, and neither may be mixed with the other. A `?` says that the
 * pointer may be null, and must be compared with null before it is used.
 *
 * `kernel` is memory of the kernel whose type the verifier knows, and which programs read directly. An `address` is one of the
 * kernel, too, but only a number to the verifier: a load from it becomes a call of bpf_probe_read_kernel().
 */

/** What a pointer points to. */
export const spaces = [
  'context',
  'packet',
  'packetMeta',
  'packetEnd',
  'stack',
  'mapValue',
  'mapKey',
  'map',
  'ringBuffer',
  'socket',
  'kernel',
  'address',
  'function',
] as const;
export type Space = (typeof spaces)[number];

export type Integer = 'i32' | 'i64';

/** The type of a value; `void` for what has none. */
export type IrType = Integer | Space | `${Space}?` | 'void';

export const isInteger = (type: IrType): type is Integer => type === 'i32' || type === 'i64';
export const isNullable = (type: IrType): type is `${Space}?` => type.endsWith('?');

/** The pointer without its question mark. */
export const nonNull = (type: IrType): IrType => (isNullable(type) ? (type.slice(0, -1) as Space) : type);

/** What a pointer points to; undefined for integers. */
export function spaceOf(type: IrType): Space | undefined {
  if (isInteger(type) || type === 'void') return undefined;
  return nonNull(type) as Space;
}
