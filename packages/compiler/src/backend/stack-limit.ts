/** The stack: 512 bytes for a function and all that it calls (kernel/bpf/verifier.c, check_max_stack_depth). */
import { WaggleError } from '@waggle/bpf';
import type { IrFunction } from '../ir/ir.ts';

const LIMIT = 512;
/** Frames are rounded up to this where programs are compiled to machine code. */
const GRANULE = 16;

/**
 * Checks the frames along every chain of calls.
 * @throws WaggleError BAD_DECLARATION, naming the functions of the deepest chain and the size of their frames; also for
 *   recursion.
 */
export function checkStack(functions: readonly IrFunction[], frames: ReadonlyMap<string, number>): void {
  const callees = new Map(functions.map((each) => [each.name, calleesOf(each)]));
  const rounded = (name: string): number => Math.ceil((frames.get(name) ?? 0) / GRANULE) * GRANULE;
  const deepest = new Map<string, readonly string[]>();
  const depth = (chain: readonly string[]): number => chain.reduce((sum, name) => sum + rounded(name), 0);
  const walk = (name: string, above: readonly string[]): readonly string[] => {
    if (above.includes(name)) {
      throw new WaggleError(
        'BAD_DECLARATION',
        `functions call each other in a circle: ${[...above, name].join(' -> ')}`,
        {
          hint: 'Use a loop, or bpf_loop',
        },
      );
    }
    const known = deepest.get(name);
    if (known) return known;
    let best: readonly string[] = [];
    for (const callee of callees.get(name) ?? []) {
      const chain = walk(callee, [...above, name]);
      if (depth(chain) > depth(best)) best = chain;
    }
    const found = [name, ...best];
    deepest.set(name, found);
    return found;
  };
  const [entry] = functions;
  if (!entry) return;
  const chain = walk(entry.name, []);
  if (depth(chain) <= LIMIT) return;
  const frameSizes = chain.map((name) => `${name} ${frames.get(name) ?? 0}`).join(' + ');
  throw new WaggleError(
    'BAD_DECLARATION',
    `the stack would be ${depth(chain)} bytes, but ${LIMIT} is all there is: ${frameSizes}`,
    { hint: 'Keep large structs in a per-CPU array map' },
  );
}

const calleesOf = ({ blocks }: IrFunction): Set<string> =>
  new Set(
    blocks.flatMap(({ instructions }) =>
      instructions.flatMap((each) =>
        each.op === 'call' || each.op === 'functionReference' ? [each.function] : [],
      ),
    ),
  );
