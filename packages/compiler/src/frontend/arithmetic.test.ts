/** Random expressions, computed by the compiled program and by JavaScript on bigints: the same, for every type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, i32, i64, type Scalar, struct, u32, u64 } from '@waggle/bpf';
import fc from 'fast-check';
import { verdictOf } from './testing/evaluate.ts';
import { programOf } from './testing/module.ts';

type Tree =
  | { readonly leaf: number }
  | { readonly constant: bigint }
  | { readonly operator: string; readonly left: Tree; readonly right: Tree };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.nat(3).map((leaf) => ({ leaf })),
    fc.bigInt(0n, 0x7fff_ffffn).map((constant) => ({ constant })),
    fc.record({
      operator: fc.constantFrom('+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'),
      left: tie('tree'),
      right: tie('tree'),
    }),
  ),
}));

/** The source of a tree. A leaf keeps literals from folding, for those have no width. */
function source(node: Tree, type: Scalar): string {
  if ('leaf' in node) return `v${node.leaf}`;
  if ('constant' in node) return type.bits === 64 ? `(v4 ^ ${node.constant}n)` : `(v4 ^ ${node.constant})`;
  const { operator, left, right } = node;
  const shift = operator === '>>' && type === u32 ? '>>>' : operator;
  const isShift = operator === '<<' || operator === '>>';
  // Shifts count by unsigned numbers of their own width.
  const count = type.signed && isShift ? (type.bits === 64 ? 'u64' : 'u32') : '';
  return `(${source(left, type)} ${shift} ${count}(${source(right, type)}))`;
}

/** What it is worth: leaves are given, and everything wraps. */
function value(node: Tree, type: Scalar, leaves: readonly bigint[]): bigint {
  const wrap = type.signed ? BigInt.asIntN : BigInt.asUintN;
  const bits = type.bits === 64 ? 64 : 32;
  if ('leaf' in node) return leaves[node.leaf] ?? 0n;
  if ('constant' in node) return node.constant;
  const [left, right] = [value(node.left, type, leaves), value(node.right, type, leaves)];
  const count = BigInt.asUintN(bits, right) % BigInt(bits);
  switch (node.operator) {
    case '+':
      return wrap(bits, left + right);
    case '-':
      return wrap(bits, left - right);
    case '*':
      return wrap(bits, left * right);
    case '/':
      return right === 0n ? 0n : wrap(bits, left / right);
    case '%':
      return right === 0n ? left : wrap(bits, left % right);
    case '&':
      return wrap(bits, left & right);
    case '|':
      return wrap(bits, left | right);
    case '^':
      return wrap(bits, left ^ right);
    case '<<':
      return wrap(bits, left << count);
    default:
      return wrap(bits, left >> count);
  }
}

for (const type of [u32, i32, u64, i64] as readonly Scalar[]) {
  test(type.name, () => {
    const Words = struct('words', { v: array(type, 5) });
    const wrap = type.signed ? BigInt.asIntN : BigInt.asUintN;
    const leaf = fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(-(1n << 63n), (1n << 63n) - 1n));
    fc.assert(
      fc.property(tree, fc.array(leaf, { minLength: 4, maxLength: 4 }), (node, given) => {
        const leaves = given.map((each) => wrap(type.bits, each));
        const packet = new Uint8Array(64);
        const view = new DataView(packet.buffer);
        leaves.forEach((each, index) => {
          if (type.bits === 64) view.setBigUint64(index * 8, BigInt.asUintN(64, each), true);
          else view.setUint32(index * 4, Number(BigInt.asUintN(32, each)), true);
        });
        const body = `const w = ctx.at(Words, 0); if (!w) return 0;
          const [v0, v1, v2, v3, v4] = w.v;
          const r = ${source(node, type)};
          ${type.bits === 64 ? 'return u32(r) ^ u32(r >> 32n);' : 'return r;'}`;
        const result = BigInt.asUintN(64, value(node, type, leaves));
        const high = type.signed ? BigInt.asIntN(64, result) >> 32n : result >> 32n;
        const expected = type.bits === 64 ? BigInt.asUintN(32, result ^ high) : BigInt.asUintN(32, result);
        assert.equal(BigInt(verdictOf(programOf(body, { Words }), packet) ?? -1), expected, body);
      }),
      { numRuns: 40 },
    );
  });
}
