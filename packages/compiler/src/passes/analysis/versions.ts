/**
 * Versions of something that instructions change: of the contents of memory, or of where the packet is. Every change makes
 * a new version after the one before it, and where paths with different versions meet, a version begins that has them all
 * before it. Whether something is still as it was is then a walk from the version here back to the version there, past
 * the changes that do not matter.
 */
import type { IrInstruction, Value } from '../../ir/ir.ts';
import { blockAt, type Flow } from './flow.ts';

type Version = number;

/** Longest walk; beyond it a change is assumed, so that long functions stay fast. */
const MAX_STEPS = 64;

export class Versions<Change> {
  readonly #parents: Version[][] = [[]];
  readonly #changes: (Change | undefined)[] = [undefined];
  readonly #before: Version[] = [];
  readonly #after: Version[] = [];

  /** Numbers the versions; `changeOf` says what an instruction changes, undefined if nothing. */
  constructor(flow: Flow, changeOf: (instruction: IrInstruction) => Change | undefined) {
    const atEnd: (Version | undefined)[] = [];
    const merges: { readonly version: Version; readonly node: number }[] = [];
    for (const node of flow.order) {
      const before = (flow.predecessors[node] ?? []).map((predecessor) => atEnd[predecessor]);
      if (node === 0) before.push(0);
      const [first] = before;
      let version = first ?? 0;
      if (first === undefined || before.some((each) => each !== first)) {
        version = this.#new(undefined, []);
        merges.push({ version, node });
      }
      for (const instruction of blockAt(flow, node).instructions) {
        this.#before[instruction.id] = version;
        const change = changeOf(instruction);
        if (change !== undefined) version = this.#new(change, [version]);
        this.#after[instruction.id] = version;
      }
      atEnd[node] = version;
    }
    // Only now every predecessor over a back edge has its version.
    for (const { version, node } of merges) {
      const parents = this.#parents[version];
      for (const predecessor of flow.predecessors[node] ?? []) {
        const end = atEnd[predecessor];
        if (end !== undefined) parents?.push(end);
      }
      if (node === 0) parents?.push(0);
    }
  }

  #new(change: Change | undefined, parents: Version[]): Version {
    this.#changes.push(change);
    return this.#parents.push(parents) - 1;
  }

  /** The version in front of an instruction. */
  before(instruction: Value): Version {
    return this.#before[instruction] ?? 0;
  }

  /** The version behind an instruction: another one if it changes something. */
  after(instruction: Value): Version {
    return this.#after[instruction] ?? 0;
  }

  /**
   * Whether nothing that matters changed between two places with these versions, the first of which is on every path to the
   * second.
   */
  unchanged(from: Version, to: Version, matters: (change: Change) => boolean): boolean {
    if (from === to) return true;
    const seen = new Set([to]);
    for (const version of seen) {
      const change = this.#changes[version];
      if (seen.size > MAX_STEPS || (change !== undefined && matters(change))) return false;
      const parents = this.#parents[version] ?? [];
      // The start of the function, without having met the first place.
      if (parents.length === 0) return false;
      for (const parent of parents) if (parent !== from) seen.add(parent);
    }
    return true;
  }
}
