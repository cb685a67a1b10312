/**
 * Instructions as text, in the pseudo-C of the kernel's verifier log, with labels in place of distances and the source
 * lines they come from between them:
 *
 *     ; const service = services.get(key); @ balance.ts:39
 *       r1 = map[services] ll
 *       call map_lookup_elem#1
 *       if r0 == 0x0 goto L7
 *
 * `assembleText` reads this text back.
 */
import type { Code } from './assemble.ts';
import { decode, decodeSlots, WIDE } from './decode.ts';
import type { Instruction } from './instruction.ts';
import {
  AluOperation,
  AtomicOperation,
  CallKind,
  Class,
  JumpOperation,
  Mode,
  Pseudo,
  Size,
  Source,
} from './opcode.ts';
import { assignmentSigns, comparisonSigns, fetchNames, helperName, keyOf, lockSigns } from './text-syntax.ts';

/** How {@link disassemble} writes. */
export interface DisassembleOptions {
  /** Labels as targets of jumps (default), or the distance in slots: `goto +3`. */
  readonly labels?: boolean;
  /** The source line, where the code knows it, above its first instruction (default). */
  readonly lines?: boolean;
  /** The number of its slot before each instruction; off by default. */
  readonly slots?: boolean;
}

/**
 * The text of a program, a line each instruction.
 * @throws WaggleError MALFORMED as {@link decode}.
 */
export function disassemble(code: Code | Uint8Array, options: DisassembleOptions = {}): string {
  const { labels = true, lines = true, slots = false } = options;
  const text: string[] = [];
  let slot = 0;
  let above = '';
  let numeric: readonly (Instruction | undefined)[] = [];
  if (!labels) numeric = decodeSlots(code instanceof Uint8Array ? code : code.bytes);
  for (const item of decode(code)) {
    if ('label' in item) {
      if (labels) text.push(`${item.label}:`);
      above = '';
      continue;
    }
    const { origin, target } = item;
    if (lines && origin) {
      // Places in the same line differ by their columns only, which are not shown.
      const line = `; ${origin.source.trim()} @ ${origin.file}:${origin.line}`;
      if (line !== above) text.push(line);
      above = line;
    }
    const shown = target !== undefined && !labels ? (numeric[slot] ?? item) : item;
    text.push(`${slots ? `${String(slot).padStart(5)}: ` : '  '}${instructionText(shown)}`);
    slot += item.opcode === WIDE ? 2 : 1;
  }
  return `${text.join('\n')}\n`;
}

/** The text of one instruction; its target is a label when it has one, and a distance otherwise. */
export function instructionText(instruction: Instruction): string {
  switch (instruction.opcode & 7) {
    case Class.alu:
    case Class.alu64:
      return arithmeticText(instruction);
    case Class.jmp:
    case Class.jmp32:
      return jumpText(instruction);
    case Class.ld:
      return wideOrPacketText(instruction);
    default:
      return memoryText(instruction);
  }
}

const signed = (value: number): string => (value < 0 ? String(value) : `+${value}`);
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** The name of a register as wide as the class computes. */
const register = (number: number, opcode: number): string =>
  `${(opcode & 7) === Class.alu || (opcode & 7) === Class.jmp32 ? 'w' : 'r'}${number}`;

function arithmeticText({ opcode, destination, source, offset, immediate }: Instruction): string {
  const left = register(destination, opcode);
  const operation = opcode & 0xf0;
  const fromRegister = (opcode & 8) === Source.register;
  if (operation === AluOperation.neg) return `${left} = -${left}`;
  if (operation === AluOperation.end) {
    const order = (opcode & 7) === Class.alu64 ? 'bswap' : fromRegister ? 'be' : 'le';
    return `r${destination} = ${order}${immediate} r${destination}`;
  }
  const right = fromRegister ? register(source, opcode) : String(immediate);
  if (operation === AluOperation.mov && offset > 0) return `${left} = (s${offset})${right}`;
  return `${left} ${offset === 1 ? 's' : ''}${keyOf(assignmentSigns, operation)} ${right}`;
}

function jumpText(instruction: Instruction): string {
  const { opcode, destination, source, offset, immediate } = instruction;
  const operation = opcode & 0xf0;
  if (operation === JumpOperation.exit) return 'exit';
  if (operation === JumpOperation.call) return callText(instruction);
  if (operation === JumpOperation.always) {
    const long = (opcode & 7) === Class.jmp32;
    return `${long ? 'gotol' : 'goto'} ${instruction.target ?? signed(long ? immediate : offset)}`;
  }
  const right = (opcode & 8) === Source.register ? register(source, opcode) : hex(immediate >>> 0);
  const condition = `${register(destination, opcode)} ${keyOf(comparisonSigns, operation)} ${right}`;
  return `if ${condition} goto ${instruction.target ?? signed(offset)}`;
}

function callText({ source, immediate, target }: Instruction): string {
  if (source === CallKind.function) return `call ${target ?? `pc${signed(immediate)}`}`;
  if (source === CallKind.kernelFunction) return `call kernel_function#${immediate}`;
  return `call ${helperName(immediate) ?? 'helper'}#${immediate}`;
}

function wideOrPacketText(instruction: Instruction): string {
  const { opcode, destination, source, immediate } = instruction;
  const mode = opcode & 0xe0;
  if (mode === Mode.immediate) return `r${destination} = ${wideText(instruction)} ll`;
  const index = mode === Mode.indirect ? `r${source} ${signed(immediate)}` : String(immediate);
  return `r0 = *(${sizeName(opcode)} *)skb[${index}]`;
}

function wideText({ source, immediate, wide = 0n, reference, target }: Instruction): string {
  const low = BigInt.asUintN(32, wide);
  const place = `+${wide >> 32n}`;
  if (reference) {
    const { map, valueOffset } = reference;
    return valueOffset === undefined ? `map[${map}]` : `map[${map}][0]+${valueOffset}`;
  }
  switch (source) {
    case Pseudo.mapFd:
      return `map[fd:${low}]`;
    case Pseudo.mapValue:
      return `map[fd:${low}][0]${place}`;
    case Pseudo.btfId:
      return `btf[${low}]`;
    case Pseudo.function:
      return `subprog[${target ?? signed(immediate)}]`;
    case Pseudo.mapIndex:
      return `map[index:${low}]`;
    case Pseudo.mapIndexValue:
      return `map[index:${low}][0]${place}`;
    default:
      return hex(wide);
  }
}

const sizeName = (opcode: number): string => keyOf(Size, opcode & 0x18) ?? '';

function memoryText({ opcode, destination, source, offset, immediate }: Instruction): string {
  const mode = opcode & 0xe0;
  const size = sizeName(opcode);
  if ((opcode & 7) === Class.ldx) {
    const type = mode === Mode.memorySigned ? size.replace('u', 's') : size;
    return `r${destination} = *(${type} *)(r${source} ${signed(offset)})`;
  }
  const address = `(${size} *)(r${destination} ${signed(offset)})`;
  if (mode === Mode.atomic) return atomicText(immediate, size, address, source);
  return `*${address} = ${(opcode & 7) === Class.st ? immediate : `r${source}`}`;
}

function atomicText(operation: number, size: string, address: string, source: number): string {
  const sign = keyOf(lockSigns, operation);
  if (sign) return `lock *${address} ${sign} r${source}`;
  const name = `atomic${size === 'u64' ? '64' : ''}_${keyOf(fetchNames, operation)}`;
  return operation === AtomicOperation.compareExchange
    ? `r0 = ${name}(${address}, r0, r${source})`
    : `r${source} = ${name}(${address}, r${source})`;
}
