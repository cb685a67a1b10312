/** Questions about syntax that are answered before it is lowered. */
import type { Expression, FunctionSyntax, Statement } from './syntax.ts';

/** Every name that is mentioned. */
export function usedNames(body: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  visit(body, (node) => {
    if (node.kind === 'identifier') names.add(String(node.name));
  });
  return names;
}

/** The names that are assigned anywhere in a loop; the others keep their values in it. */
export function assignedNames(loop: Statement | readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  visit(loop, (node) => {
    if (node.kind !== 'assignment' && node.kind !== 'update') return;
    const { target } = node;
    if (isNode(target) && target.kind === 'identifier') names.add(String(target.name));
  });
  return names;
}

/** Whether something in the loop returns from the function. */
export function leaves(loop: Statement): boolean {
  let found = false;
  visit(loop, (node) => (found ||= node.kind === 'return'), true);
  return found;
}

/** Whether one of the statements says `return value`. */
export function returnsValue(body: readonly Statement[]): boolean {
  let found = false;
  visit(body, (node) => (found ||= node.kind === 'return' && node.value !== undefined), true);
  return found;
}

/** What a function returns that does nothing else. */
export function returnedExpression({ body }: FunctionSyntax): Expression | undefined {
  const [only] = body;
  return body.length === 1 && only?.kind === 'return' ? only.value : undefined;
}

type Node = Readonly<Record<string, unknown>> & { readonly kind: string };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';

/** Every node below, itself included; `own` leaves out the functions inside, whose returns are theirs. */
function visit(root: unknown, see: (node: Node) => void, own = false): void {
  if (Array.isArray(root)) for (const item of root) visit(item, see, own);
  else if (typeof root === 'object' && root !== null) {
    if (isNode(root)) {
      if (own && root.kind === 'function') return;
      see(root);
    }
    for (const value of Object.values(root)) visit(value, see, own);
  }
}
