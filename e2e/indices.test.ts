/**
 * Indices that the verifier has to follow: each of these programs computes one by an operation after which the verifier knows
 * less of a register than the compiler does, and is loaded with all passes, with none, and without each of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, arrayMap, struct, u8, u32 } from '@waggle/bpf';
import { generate, optimize, passes } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import { lowered } from '../packages/compiler/src/frontend/testing/evaluate.ts';
import { programOf } from '../packages/compiler/src/frontend/testing/module.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root, to load programs';

const Table = struct('table', { bytes: array(u8, 8), words: array(u32, 5), count: u32 });
const tables = arrayMap({ value: Table, maxEntries: 1 });
const names = passes.map(({ name }) => name);
const choices = [[], names, ...names.map((name) => [name])];

const bodies = [
  'return table.bytes[x % 5] ?? 7;',
  'return table.words[x / 7] ?? 7;',
  'return table.bytes[x % 5 & 7] ?? 7;',
  'const i = x % 5; if (i < 5) return table.words[i] ?? 7; return 1;',
  'const i = x >>> (x & 31); return table.bytes[i] ?? 7;',
  'const i = ntoh16(eth.protocol); return table.bytes[i & 7] ?? 7;',
  'const i = ntoh16(eth.protocol) % 5; return table.bytes[i] ?? 7;',
  'const i = ntoh32(be32(hton32(x))) & 7; return table.bytes[i] ?? 7;',
  'const i = atomic.exchange(table, "count", x); return table.bytes[i] ?? 7;',
  'const i = i32(x) % 5; return table.bytes[u32(i)] ?? 7;',
  'const i = -i32(x); return table.bytes[u32(i)] ?? 7;',
  'const i = u64(x) % 5n; return table.bytes[i] ?? 7;',
  'let i = x % 5; for (let turn = 0; turn < 3; turn++) i = (i * 3) % 5; return table.bytes[i] ?? 7;',
  'const i = x % 70; const byte = ctx.at(u8, (i < 70 ? i : 0) * 3 & 0xff); return byte ?? 7;',
  'const i = (x > 9 ? 2 : 0) + (eth.protocol === 7 ? 1 : 0); return table.bytes[i & 3] ?? 7;',
  'const i = x > 70 ? 2 : x & 3; table.bytes[i] = 1; return table.bytes[i] ?? 7;',
  'const at = eth.protocol === 7 ? 20 : 40; return ctx.at(u8, at + (x & 7)) ?? 7;',
  'const at = u64(x) % 5n > 2n ? u64(x & 15) : 40n; return ctx.at(u8, at) ?? 7;',
  'let at: u16 = 14; for (let i = 0; i < 4; i++) at = u16(at + 1 + (ctx.at(u8, at) ?? 0)); return at;',
  'return ctx.at(u8, ntoh16(eth.protocol)) ?? 7;',
  'return (ctx.at(u8, x / 3 & 0xffff) ?? 1) + (ctx.at(u8, x % 1000) ?? 7);',
  'const i = helped(x); return table.bytes[i] ?? 7;',
];
const before = 'function helped(x: u32): u32 { return x % 5; }';

for (const body of bodies) {
  test(body, { skip: needsRoot }, () => {
    const start = 'const table = tables.lookup(0); const eth = ctx.at(Ethernet, 0); const x = ctx.length;';
    const text = `${start} if (!table || !eth) return 9; ${body}`;
    const program = lowered(programOf(text, { Table, tables }, before));
    using map = createMap(tables, { name: 'tables' });
    const content = { bytes: [10, 11, 12, 13, 14, 15, 16, 17], words: [20, 21, 22, 23, 24], count: 3 };
    const results = new Set<number>();
    for (const without of choices) {
      for (const cpu of [3, 4] as const) {
        const code = generate(optimize(program.ir, { without }), { cpu });
        const maps = program.maps.size > 0 ? { tables: map } : {};
        using loaded = loadProgram({ type: 'xdp', name: 'indices', code }, { maps });
        map.set(0, content);
        results.add(loaded.testRun({ data: new Uint8Array(64) }).result);
      }
    }
    assert.equal(results.size, 1);
  });
}
