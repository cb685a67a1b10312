/** The rules of each operation: how many values of which types it takes, and which type its result has. */
import type { WaggleError } from '@waggle/bpf';
import type { Comparison, IrFunction, IrInstruction, Terminator, Value } from './ir.ts';
import { binaryOperators } from './operators.ts';
import { type IrType, isInteger, isNullable, nonNull, type Space, spaceOf } from './type.ts';

/** What a rule may ask, and how it complains. */
export interface Rules {
  readonly function: IrFunction;
  readonly functions: ReadonlyMap<string, IrFunction>;
  /** The type of a value that is used here; throws when it cannot be used here. */
  typeOf(value: Value): IrType;
  fail(problem: string): WaggleError;
}

const MOST_ARGUMENTS = 5;
const PACKET: readonly (Space | undefined)[] = ['packet', 'packetMeta', 'packetEnd'];

/** Checks an instruction; its edges and places are checked elsewhere. */
export function checkInstruction(instruction: IrInstruction, rules: Rules): void {
  const { op, type } = instruction;
  const types = instruction.args.map((value) => rules.typeOf(value));
  const expect = (holds: boolean, problem: string): void => {
    if (!holds) throw rules.fail(problem);
  };
  const result = (...allowed: readonly IrType[]): void =>
    expect(allowed.includes(type), `the result is ${allowed.join(' or ')}, not ${type}`);
  const takes = (count: number): void =>
    expect(types.length === count, `takes ${count} values, not ${types.length}`);
  const integer = (place: number): void =>
    expect(isInteger(types[place] ?? 'void'), `value ${place + 1} is ${types[place]}, not an integer`);
  const is = (place: number, expected: IrType): void =>
    expect(types[place] === expected, `value ${place + 1} is ${types[place]}, not ${expected}`);
  const pointer = (place: number): void => {
    const given = types[place] ?? 'void';
    expect(spaceOf(given) !== undefined, `value ${place + 1} is ${given}, not a pointer`);
    expect(!isNullable(given), `value ${place + 1} may be null here`);
  };

  if ((binaryOperators as readonly string[]).includes(op)) {
    takes(2);
    const pointers = types.every((each) => PACKET.includes(spaceOf(each)) && !isNullable(each));
    if (op === 'sub' && pointers) {
      result('i64');
      return;
    }
    result('i32', 'i64');
    is(0, type);
    is(1, type);
    return;
  }
  switch (instruction.op) {
    case 'const': {
      takes(0);
      const { value } = instruction;
      expect(type !== 'void', 'a constant has a type');
      const bits = type === 'i32' ? 32n : 64n;
      expect(value >= -(1n << (bits - 1n)) && value < 1n << bits, `${value} does not fit ${type}`);
      expect(isInteger(type) || (isNullable(type) && value === 0n), 'the only constant pointer is null');
      break;
    }
    case 'config':
    case 'late':
      takes(0);
      result('i32', 'i64');
      break;
    case 'fieldOffset':
    case 'registerOffset':
      takes(0);
      result('i64');
      break;
    case 'fieldExists':
      takes(0);
      result('i32');
      break;
    case 'compare':
      takes(2);
      result('i32');
      checkComparison(instruction.comparison, types[0] ?? 'void', types[1] ?? 'void', rules);
      break;
    case 'zeroExtend':
      takes(1);
      is(0, 'i32');
      result('i64');
      break;
    case 'truncate':
      takes(1);
      is(0, 'i64');
      result('i32');
      break;
    case 'signExtend':
      takes(1);
      integer(0);
      result('i32', 'i64');
      break;
    case 'swapBytes':
      takes(1);
      result('i32', 'i64');
      is(0, type);
      expect(instruction.bits < 64 || type === 'i64', '64 bits do not fit an i32');
      break;
    case 'load':
      takes(1);
      pointer(0);
      expect(type !== 'void', 'a load has a result');
      if (isInteger(type)) result(instruction.size === 8 ? 'i64' : 'i32');
      break;
    case 'store':
      takes(2);
      pointer(0);
      expect(types[0] !== 'address', 'memory of the kernel is only read');
      if (isInteger(types[1] ?? 'void')) is(1, instruction.size === 8 ? 'i64' : 'i32');
      result('void');
      break;
    case 'atomic': {
      const { operator, size } = instruction;
      const integerType = size === 8 ? 'i64' : 'i32';
      takes(operator === 'compareExchange' ? 3 : 2);
      pointer(0);
      for (let place = 1; place < types.length; place++) is(place, integerType);
      if (/^(fetch|exchange|compareExchange)/.test(operator)) result(integerType);
      else result('void');
      break;
    }
    case 'offsetPointer':
      takes(2);
      pointer(0);
      is(1, 'i64');
      result(types[0] ?? 'void');
      break;
    case 'packetBound':
      takes(1);
      is(0, 'context');
      result(({ data: 'packet', meta: 'packetMeta', end: 'packetEnd' } as const)[instruction.bound]);
      break;
    case 'packetAt':
      expect(types.length === 1 || types.length === 2, 'takes the context and at most one offset');
      is(0, 'context');
      if (types.length === 2) is(1, 'i64');
      result('packet?');
      break;
    case 'stackSlot': {
      takes(0);
      const { size, alignment } = instruction;
      expect(Number.isInteger(size) && size > 0, 'a stack slot has at least one byte');
      expect([1, 2, 4, 8].includes(alignment), 'the alignment of a stack slot is 1, 2, 4 or 8');
      result('stack');
      break;
    }
    case 'mapReference':
      takes(0);
      result('map');
      break;
    case 'mapValueReference':
      takes(0);
      result('mapValue');
      break;
    case 'functionReference':
      takes(0);
      callee(instruction.function, rules);
      result('function');
      break;
    case 'callHelper':
    case 'callKernel':
      expect(types.length <= MOST_ARGUMENTS, `takes at most ${MOST_ARGUMENTS} values`);
      break;
    case 'call': {
      const target = callee(instruction.function, rules);
      const params = target.blocks[0]?.params ?? [];
      takes(params.length);
      for (const [place, each] of params.entries()) {
        const given = types[place] ?? 'void';
        expect(
          given === each.type || (isNullable(each.type) && nonNull(each.type) === given),
          `value ${place + 1} is ${given}, not ${each.type}`,
        );
      }
      result(target.result);
      break;
    }
    case 'tailCall':
      takes(3);
      is(0, 'context');
      is(1, 'map');
      is(2, 'i32');
      result('void');
      break;
  }
}

function callee(name: string, { functions, fail }: Rules): IrFunction {
  const target = functions.get(name);
  if (!target) throw fail(`there is no function "${name}"`);
  if (target.linkage === 'program') throw fail(`"${name}" is the program itself`);
  return target;
}

/** Checks what a terminator compares or returns. */
export function checkTerminator(terminator: Terminator, rules: Rules): void {
  if (terminator.op === 'branch') {
    const { comparison, left, right } = terminator;
    checkComparison(comparison, rules.typeOf(left), rules.typeOf(right), rules);
  } else if (terminator.op === 'return') {
    const { result } = rules.function;
    const given = terminator.value === undefined ? 'void' : rules.typeOf(terminator.value);
    const fits = given === result || (isNullable(result) && nonNull(result) === given);
    if (!fits) throw rules.fail(`returns ${given}, but the function returns ${result}`);
  }
}

/** Integers of one width compare in every way, pointers of one space by equality, pointers into a packet by place. */
function checkComparison(comparison: Comparison, left: IrType, right: IrType, rules: Rules): void {
  if (isInteger(left) && left === right) return;
  const spaces = [spaceOf(left), spaceOf(right)];
  const equality = comparison === 'equal' || comparison === 'notEqual';
  const same = spaces[0] !== undefined && spaces[0] === spaces[1];
  const places = spaces.every((space) => PACKET.includes(space)) && !isNullable(left) && !isNullable(right);
  if (equality ? !same && !places : !places) {
    throw rules.fail(`${left} and ${right} cannot be compared by ${comparison}`);
  }
}
