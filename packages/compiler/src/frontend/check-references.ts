/**
 * What some helpers return has to be given back exactly once on every path: a record reserved in a ring buffer is submitted or
 * discarded, a socket that was looked up is released. Where it is null there is nothing to give back.
 *
 * Forwards over the blocks: what is held, and what was given back, on some way to here.
 */
import type { KernelFunctionSpec } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import { nullCheck, nullsOf } from '../ir/checked-pointers.ts';
import type { Block, IrFunction, IrInstruction, Origin, Value } from '../ir/ir.ts';
import { spaceOf } from '../ir/type.ts';
import type { DiagnosticCode } from './diagnostics.ts';
import { edgesOf, origins, usesOf } from './flow.ts';
import type { Reporter } from './report.ts';

const ACQUIRING: ReadonlyMap<number, readonly [what: string, release: string]> = new Map([
  [Helper.ringbufReserve, ['reserve()', 'submit() or discard()']],
  [Helper.skLookupTcp, ['skLookupTcp()', 'skRelease()']],
  [Helper.skLookupUdp, ['skLookupUdp()', 'skRelease()']],
  [Helper.skcLookupTcp, ['skcLookupTcp()', 'skRelease()']],
]);
const RELEASING: ReadonlySet<number> = new Set([
  Helper.ringbufSubmit,
  Helper.ringbufDiscard,
  Helper.skRelease,
]);

interface State {
  readonly held: ReadonlySet<Value>;
  readonly released: ReadonlySet<Value>;
}

/** Reports what is not given back, or given back twice. */
export function checkReferences(
  functions: readonly IrFunction[],
  reporter: Reporter,
  kernelFunctions: ReadonlyMap<string, KernelFunctionSpec>,
): void {
  const releasing = {
    functions: new Map<string, ReadonlySet<number>>(),
    returned: new Map<string, Names>(),
    kernelFunctions,
  };
  // Functions come after those that they call.
  for (const each of functions) {
    releasing.functions.set(each.name, releasedParameters(each, releasing));
    const check = new Check(each, releasing, reporter);
    check.run();
    if (check.returned) releasing.returned.set(each.name, check.returned);
  }
}

/** What returned something that has to be given back, and by what it is. */
type Names = readonly [what: string, release: string];

/** Who gives back which of its arguments, and who hands on what it holds. */
interface Releasing {
  readonly functions: ReadonlyMap<string, ReadonlySet<number>>;
  /** The functions whose result has to be given back by who calls them. */
  readonly returned: ReadonlyMap<string, Names>;
  readonly kernelFunctions: ReadonlyMap<string, KernelFunctionSpec>;
}

class Check {
  /** What the function returned that has to be given back: its caller has to, from then on. */
  returned: Names | undefined;
  private readonly function: IrFunction;
  private readonly releases: Releasing;
  private readonly reporter: Reporter;
  private readonly acquired = new Map<Value, Names>();
  private readonly defined: ReadonlyMap<Value, Origin>;
  private readonly nulls: ReadonlySet<Value>;

  constructor(each: IrFunction, releases: Releasing, reporter: Reporter) {
    this.function = each;
    this.releases = releases;
    this.reporter = reporter;
    this.defined = origins(each);
    this.nulls = nullsOf(each);
    for (const { instructions } of each.blocks) {
      for (const instruction of instructions) {
        const names = acquiring(instruction, releases);
        if (names) this.acquired.set(instruction.id, names);
      }
    }
  }

  run(): void {
    if (this.acquired.size === 0) return;
    const { blocks } = this.function;
    const byId = new Map(blocks.map((block) => [block.id, block]));
    const entries = new Map<number, State>();
    const start = blocks[0];
    if (!start) return;
    entries.set(start.id, { held: new Set(), released: new Set() });
    const work = [start];
    for (let block = work.pop(); block; block = work.pop()) {
      const after = this.through(block, entries.get(block.id));
      const check = nullCheck(block.terminator, this.nulls);
      for (const edge of edgesOf(block.terminator)) {
        const target = byId.get(edge.block);
        if (!target) continue;
        const held = new Set(after.held);
        const present = block.terminator.op === 'branch' && check && edge === block.terminator[check.side];
        if (check && !present) held.delete(check.pointer);
        const before = entries.get(edge.block);
        const now = {
          held: new Set([...(before?.held ?? []), ...held]),
          released: new Set([...(before?.released ?? []), ...after.released]),
        };
        entries.set(edge.block, now);
        const grown = now.held.size !== before?.held.size || now.released.size !== before?.released.size;
        if (grown) work.push(target);
      }
    }
    for (const block of blocks) {
      const entry = entries.get(block.id);
      if (entry) this.through(block, entry, true);
    }
  }

  private through(block: Block, entry: State | undefined, report = false): State {
    const held = new Set(entry?.held);
    const released = new Set(entry?.released);
    const complain = (code: DiagnosticCode, value: Value, origin: Origin | undefined) => {
      if (report) this.complain(code, value, origin);
    };
    for (const instruction of block.instructions) {
      for (const value of instruction.args) {
        if (released.has(value)) complain('W306', value, instruction.origin);
      }
      for (const value of releasedBy(instruction, this.releases)) {
        held.delete(value);
        if (this.acquired.has(value)) released.add(value);
      }
      if (this.acquired.has(instruction.id)) {
        held.add(instruction.id);
        released.delete(instruction.id);
      }
      if (instruction.op === 'tailCall') {
        for (const value of held) complain('W305', value, this.defined.get(value));
      }
    }
    const { terminator } = block;
    for (const value of usesOf(terminator)) {
      if (released.has(value) && terminator.op !== 'branch') complain('W306', value, terminator.origin);
    }
    for (const edge of edgesOf(terminator)) {
      for (const value of edge.args) {
        if (!held.has(value)) continue;
        complain('W307', value, this.defined.get(value));
        held.delete(value);
      }
    }
    if (terminator.op === 'return') {
      for (const value of held) {
        if (value === terminator.value) this.returned = this.acquired.get(value);
        else complain('W305', value, this.defined.get(value));
      }
    }
    return { held, released };
  }

  private complain(code: DiagnosticCode, value: Value, origin: Origin | undefined): void {
    if (!origin) return;
    const [what = '', release = ''] = this.acquired.get(value) ?? [];
    const { file, line, column } = origin;
    this.reporter.add(code, { file, line, column, length: 1 }, { what, release });
  }
}

/** What an instruction returned that has to be given back, and to whom. */
function acquiring(instruction: IrInstruction, { returned, kernelFunctions }: Releasing): Names | undefined {
  if (instruction.op === 'call') {
    const names = returned.get(instruction.function);
    return names && [`${instruction.function}()`, names[1]];
  }
  if (instruction.op === 'callHelper') {
    const { helper, type } = instruction;
    if (helper === Helper.mapLookupElem && spaceOf(type) === 'socket') return ['lookup()', 'skRelease()'];
    return ACQUIRING.get(helper);
  }
  const spec = instruction.op === 'callKernel' ? kernelFunctions.get(instruction.function) : undefined;
  return spec?.releasedBy === undefined ? undefined : [`${spec.name}()`, `${spec.releasedBy}()`];
}

/** The values that an instruction gives back. */
function releasedBy(instruction: IrInstruction, releasing: Releasing): readonly Value[] {
  const { op, args } = instruction;
  if (op === 'callHelper' && RELEASING.has(instruction.helper)) return args.slice(0, 1);
  if (op === 'callKernel' && releasing.kernelFunctions.get(instruction.function)?.releases) {
    return args.slice(0, 1);
  }
  if (op !== 'call') return [];
  const indexes = releasing.functions.get(instruction.function);
  return instruction.args.filter((_, index) => indexes?.has(index));
}

/** Which of its parameters a function gives back. */
function releasedParameters({ blocks }: IrFunction, releases: Releasing): ReadonlySet<number> {
  const params = blocks[0]?.params ?? [];
  const released = new Set(
    blocks.flatMap((block) => block.instructions.flatMap((each) => releasedBy(each, releases))),
  );
  return new Set(params.flatMap(({ id }, index) => (released.has(id) ? [index] : [])));
}
