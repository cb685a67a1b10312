/** What programs mean: each is compiled, with and without passes, and run in the interpreter. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  array,
  arrayMap,
  be16,
  be32,
  bool,
  bytes,
  config,
  hashMap,
  i16,
  queueMap,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';
import { xdpContext } from '../interpreter/index.ts';
import { lowered, machineOf, verdictOf } from './testing/evaluate.ts';
import { moduleOf, programOf } from './testing/module.ts';

const packet = Uint8Array.from({ length: 64 }, (_, index) => index);

/** What a body returns. */
const value = (body: string, scope: Readonly<Record<string, unknown>> = {}, before = '') =>
  verdictOf(programOf(body, scope, before), packet);

describe('integers', () => {
  const cases: [body: string, expected: number][] = [
    ['return 7;', 7],
    ['const a = 3; const b = 4; return a * b + 1;', 13],
    ['let a = 0xffffffff; a += 1; return a;', 0],
    ['let a: u32 = 5; a -= 6; return a;', 0xffff_ffff],
    ['let a: i32 = 5; a -= 6; return a;', 0xffff_ffff],
    ['let a: u32 = 7; return a / 2;', 3],
    ['let a: u32 = 7; let b: u32 = 0; return a / b;', 0],
    ['let a: u32 = 7; let b: u32 = 0; return a % b;', 7],
    ['let a: i32 = -7; return a / 2;', 0xffff_fffd],
    ['let a: i32 = -7; return a % 2;', 0xffff_ffff],
    ['let a: i32 = -8; return a >> 1;', 0xffff_fffc],
    ['let a: u32 = 0x80000000; return a >>> 31;', 1],
    ['let a: u32 = 1; return a << 31;', 0x8000_0000],
    ['return 1 << 31;', 0x8000_0000],
    ['let a: u32 = 0; return ~a;', 0xffff_ffff],
    ['return ~0;', 0xffff_ffff],
    ['let a: i32 = 5; return -a;', 0xffff_fffb],
    ['let a: u32 = 0xff00; return (a & 0xf000) | (a ^ 0xffff);', 0xf0ff],
    ['let a: u32 = 70000; return u16(a);', 4464],
    ['let a: i32 = -1; return u8(a);', 255],
    ['let a: u32 = 0xff; return i8(a) === -1 ? 1 : 0;', 1],
    ['let a: u64 = 0x1_0000_0005n; return u32(a);', 5],
    ['let a: u64 = 0x1_0000_0005n; return u32(a >> 32n);', 1],
    ['let a: u32 = 0xffffffff; return u64(a) + 1n === 0x1_0000_0000n ? 1 : 0;', 1],
    ['let a: i32 = -1; return i64(a) === -1n ? 1 : 0;', 1],
    ['let a: i64 = -4n; return u32(u64(a >> 1n) & 0xffn);', 0xfe],
    ['let a: u8 = 200; let b: u8 = 100; return a + b;', 300],
    ['let a = 1; a++; ++a; return a++ + a;', 7],
    ['let a: u64 = 1n; a++; return u32(a);', 2],
    ['let a = 10; a <<= 2; a |= 1; a ^= 3; a %= 16; return a;', 10],
    ['let a = true; return u32(a);', 1],
    ['let a: u32 = 4; return bool(a) ? 8 : 9;', 8],
    ['let a: u32 = 0x1234; return u32(hton16(u16(a)));', 0x1234],
    ['let a: be16 = 80; return ntoh16(a);', 80],
    ['let a: be32 = 0x0a000001; return ntoh32(a & 0xff000000) >>> 24;', 10],
    ['let a: be16 = 0x00ff; return ntoh16(~a);', 0xff00],
    ['let a: be16 = 443; return u32(be32(a));', 443],
    ['let a: i16 = -5; const n = u32(a); if (n > 100) return a < 0 ? 1 : 2; return 3;', 1],
    ['const n = u32(65536); if (n <= 200) { const v: u8 = n; return v; } return 1;', 1],
  ];
  for (const [body, expected] of cases) test(body, () => assert.equal(value(body), expected));
});

describe('conditions', () => {
  const cases: [body: string, expected: number][] = [
    ['let a: u32 = 5; if (a > 4 && a < 6) return 1; return 0;', 1],
    ['let a: u32 = 5; if (a < 4 || !(a === 5)) return 1; else return 0;', 0],
    ['let a: i32 = -1; return a < 0 ? 1 : 0;', 1],
    ['let a: u32 = 0xffffffff; return a < 1 ? 1 : 0;', 0],
    ['let a: u32 = 3; const both = a > 1 && a < 4; return both ? 1 : 0;', 1],
    ['let a: u32 = 3; const neither = !(a > 1 || a > 7); return neither ? 1 : 0;', 0],
    ['let a: u32 = 3; let b = a === 3; b = !b; return b ? 1 : 0;', 0],
    ['let a: u32 = 3; if (a) return 1; return 0;', 1],
    ['const on = false; if (on) return 1; return 2;', 2],
    ['let a: u32 = 2; return a === 1 ? 10 : a === 2 ? 20 : 30;', 20],
    ['let n = 0; let a: u32 = 1; if (a > 5 && ++n > 0) return 9; return n;', 0],
  ];
  for (const [body, expected] of cases) test(body, () => assert.equal(value(body), expected));
});

describe('what is known of one way or the other', () => {
  const cases: [body: string, expected: number][] = [
    ['const kind: u8 = (ctx.length > 9 ? 2 : 0) + (ctx.ingressInterface > 3 ? 1 : 0); return kind;', 2],
    ['const at = ctx.length > 9 ? 4 : ctx.length & 7; return ctx.at(u8, at) ?? 99;', 4],
    ['let small: u8 = 3; small = ctx.length > 9 ? small : 7; return small;', 3],
    [
      'const n = (ctx.at(u8, 9) ?? 0) > 5 ? i32(-1) : i32(ctx.length & 3); const m: i8 = n; return m === -1 ? 1 : 0;',
      1,
    ],
    [
      'let at: u16 = 2; let last = 0; for (let i = 0; i < 4; i++) { last = ctx.at(u8, at) ?? 0; at = u16(at + last + 1); } return last;',
      23,
    ],
  ];
  for (const [body, expected] of cases) test(body, () => assert.equal(value(body), expected));
});

describe('control flow', () => {
  const cases: [body: string, expected: number][] = [
    ['let sum = 0; for (let i = 0; i < 5; i++) sum += i; return sum;', 10],
    [
      'let sum = 0; for (let i = 0; i < 9; i++) { if (i === 3) continue; if (i === 6) break; sum += i; } return sum;',
      12,
    ],
    ['let n = 0; while (n < 7) n += 2; return n;', 8],
    ['let n = 10; do { n++; } while (n < 5); return n;', 11],
    ['let n = 0; while (true) { n++; if (n === 4) break; } return n;', 4],
    [
      'let n = 0; outer: for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) { if (j === 2) continue outer; if (i === 3) break outer; n++; } return n;',
      6,
    ],
    ['let a = 2; switch (a) { case 1: return 10; case 2: case 3: return 20; default: return 30; }', 20],
    [
      'let a = 9; let r = 0; switch (a) { case 1: r = 10; break; default: r = 30; break; case 2: r = 20; } return r;',
      30,
    ],
    ['let a = 1; { let a = 2; a++; } return a;', 1],
    [
      'let a = 1; let b = 2; for (let i = 0; i < 3; i++) { const t = a; a = b; b = t + b; } return a * 100 + b;',
      508,
    ],
    ['if (ctx.length > 1000) return 1; return ctx.length;', 64],
  ];
  for (const [body, expected] of cases) test(body, () => assert.equal(value(body), expected));
});

const Head = struct(
  'head',
  { a: u8, b: u16, c: be32, d: bytes(4), e: array(u16, 4), f: i16 },
  { packed: true },
);
const Outer = struct('outer', { first: u8, head: Head }, { packed: true });

describe('memory', () => {
  const at = (body: string) => `const p = ctx.at(Head, 4); if (!p) return 99; ${body}`;
  const cases: [body: string, expected: number][] = [
    ['return p.a;', 4],
    ['return p.b;', 0x0605],
    ['return ntoh32(p.c);', 0x0708090a],
    ['return p.d[1];', 12],
    ['return p.d[1n] ?? 0;', 12],
    ['let i = 2; const n = zeroed(Lists); n.e = p.e; return n.e[i & 3] ?? 0;', 0x1413],
    ['let i: u32 = 7; const n = zeroed(Lists); return n.e[i] ?? 5;', 5],
    [
      'const n = zeroed(Lists); n.d = p.d; let sum = 0; for (let i = 0; i < 4; i++) sum += n.d[i]!; return sum;',
      11 + 12 + 13 + 14,
    ],
    ['p.f = -2; return p.f === -2 ? p.f : 0;', 0xffff_fffe],
    ['p.b = 0x1234; p.a = u8(p.b); return p.a;', 0x34],
    ['p.a = u8(p.a + 1); const b = p.b; if (b < 0x1000) p.b = b + 1; return p.a + p.b;', 5 + 0x606],
    ['p.d[0] = 1; p.e = [1, 2, 3, 4]; return p.e[3]! + p.d[0]!;', 5],
    ['const { a, d: [, second] } = p; return a * 1000 + second;', 4012],
    [
      'const copy: Infer<typeof Pair> = { x: p.a, y: p.b }; copy.x += 1; return copy.x * 0x10000 + copy.y;',
      0x50605,
    ],
    [
      'const inner: Infer<typeof Nested> = { tag: 1, pair: { x: 2, y: 3 } }; const { pair } = inner; pair.y = 9; return inner.pair.y;',
      9,
    ],
    [
      'const pair: Infer<typeof Pair> = { x: 1, y: 2 }; const n: Infer<typeof Nested> = { tag: 0, pair }; return n.pair.y;',
      2,
    ],
    [
      'const swap: Infer<typeof Pair> = { x: 1, y: 2 }; const n = zeroed(Nested); n.pair = { x: swap.y, y: swap.x }; n.pair = { x: n.pair.y, y: n.pair.x }; return n.pair.x * 10 + n.pair.y;',
      12,
    ],
    ['return p.d.length + Head.size;', 4 + 21],
  ];
  const Pair = struct('pair', { x: u32, y: u32 });
  const Nested = struct('nested', { tag: u8, pair: Pair });
  const Lists = struct('lists', { e: array(u16, 4), d: bytes(4) });
  for (const [body, expected] of cases) {
    test(body, () => assert.equal(value(at(body), { Head, Pair, Nested, Lists }), expected));
  }

  test('the packet ends before the header', () => {
    assert.equal(value('return ctx.at(Head, 60) === null ? 1 : 0;', { Head }), 1);
    assert.equal(
      value('let at = ctx.length & 0xff; const p = ctx.at(Head, at); return p ? p.a : 77;', { Head }),
      77,
    );
    assert.equal(
      value('let at = ctx.length & 0xff; const p = ctx.at(Head, at - 64 & 0xff); return p?.a ?? 77;', {
        Head,
      }),
      0,
    );
  });

  const throughNull: [body: string, expected: number][] = [
    ['const p = ctx.at(Head, 0); return p?.a === 0 ? 1 : 2;', 1],
    ['const p = ctx.at(Head, 0); if (p?.a !== 0) return 1; return p.a + 7;', 7],
    ['const p = ctx.at(Head, 100); return p?.a === 0 ? 1 : 2;', 2],
    ['const p = ctx.at(Head, 100); return p?.a !== 0 ? 1 : 2;', 1],
    ['const p = ctx.at(Head, 100); const same = p?.a === 0 || p?.a !== 9; return same ? 1 : 2;', 1],
    ['let n = 1; const p = ctx.at(Head, 100); if (p?.a === n++) return 9; return n;', 2],
    ['let n = 0; const p = ctx.at(Head, 0); if (p?.a === n++) return 9 + n; return n;', 10],
  ];
  for (const [body, expected] of throughNull) {
    test(body, () => assert.equal(value(body, { Head }), expected));
  }

  test('what is assigned is in the packet', () => {
    const module = programOf(
      'const p = ctx.at(Head, 0); if (!p) return 0; p.c = 0x01020304; p.b = 0x0506; return 1;',
      {
        Head,
      },
    );
    const context = xdpContext(new Uint8Array(32));
    machineOf(lowered(module)).run(context);
    assert.deepEqual([...context.packet.bytes.slice(0, 8)], [0, 6, 5, 1, 2, 3, 4, 0]);
  });
});

describe('maps', () => {
  const Key = struct('key', { address: be32, port: be16, protocol: u8 });
  const Value = struct('value', { packets: u64, bytes: u32 });
  const table = hashMap({ key: Key, value: Value, maxEntries: 8 });
  const counters = arrayMap({ value: u32, maxEntries: 4 });
  const queue = queueMap({ value: Value, maxEntries: 2 });
  const scope = {
    Key,
    Value,
    table,
    counters,
    queue,
    Head,
    Outer,
    Rows: struct('rows', { list: array(u8, 4) }),
  };
  const cases: [body: string, expected: number][] = [
    ['return table.lookup({ address: 1, port: 2, protocol: 3 }) ? 1 : 0;', 0],
    [
      `const key: Infer<typeof Key> = { address: 0x0a000001, port: 80, protocol: 6 };
       table.update(key, { packets: 5n, bytes: 7 });
       const found = table.lookup({ address: 0x0a000001, port: 80, protocol: 6 });
       if (!found) return 1000;
       found.packets += 1n;
       atomic.add(found, 'bytes', 10);
       const before = atomic.exchange(found, 'packets', 1n);
       return u32(before) * 100 + found.bytes;`,
      617,
    ],
    ['const c = counters.lookup(2); return c === null ? 1 : 0;', 0],
    [
      'counters.update(1, 41); const c = counters.lookup(1); counters.update(1, 5); return c === null ? 0 : c + 1;',
      42,
    ],
    ['const c = counters.lookup(9); if (c) return 1; return (c ?? 7) + (counters.lookup(1) ?? 7);', 7],
    ['counters.update(1, 41); const c = counters.lookup(1); if (!c || c > 50) return 0; return c;', 41],
    ['const byte = ctx.at(u8, 5); return byte ? byte * 2 : 0;', 10],
    ['return counters.lookup(9) ?? ctx.at(u8, 900) ?? 7;', 7],
    ['return ctx.at(u8, 900) ?? ctx.at(u8, 6) ?? 7;', 6],
    ['return ctx.at(u8, 900) ?? ctx.at(u8, 901) ?? ctx.at(u8, 8) ?? 7;', 8],
    ['return ctx.at(Head, 900)?.a ?? ctx.at(Head, 3)?.a ?? 7;', 3],
    ['return 4 === ctx.at(Head, 4)?.a ? 1 : 2;', 1],
    ['return 4 !== ctx.at(Head, 900)?.a ? 1 : 2;', 1],
    ['let n = 0; if (n++ === ctx.at(Head, n)?.a) return 9; return n;', 1],
    ['return ctx.at(Outer, 2)?.head.a === 3 ? 1 : 2;', 1],
    ['return ctx.at(Outer, 900)?.head.a === 3 ? 1 : 2;', 2],
    ['return ctx.at(Outer, 900)?.head.d[1] !== 3 ? 1 : 2;', 1],
    ['return ctx.at(Outer, 2)?.head.d[1] ?? 99;', 11],
    ['return (ctx.at(Outer, 900)?.head.d[1] ?? 99) + (ctx.at(Outer, 2)?.head.a ?? 7);', 102],
    [
      'table.update({ address: 1, port: 2, protocol: 3 }, { packets: 1n, bytes: 2 }); return table.lookup({ address: 1, port: 2, protocol: 3 })?.bytes ?? 9;',
      2,
    ],
    [
      'const row = zeroed(Rows); const none = ctx.length > 9 ? null : row; return none?.list[ctx.length] ?? 9;',
      9,
    ],
    [
      'const row = zeroed(Rows); row.list[1] = 5; const one = ctx.length > 9 ? row : null; return one?.list[ctx.length & 1 | 1] ?? 9;',
      5,
    ],
    [
      'const row = zeroed(Rows); const one = ctx.length > 9 ? row : null; return one?.list[ctx.length] ?? 9;',
      9,
    ],
    ['const same = ctx.at(Outer, 2)?.head.a === 3; return same ? 1 : 2;', 1],
    ['return table.delete({ address: 1, port: 2, protocol: 3 }) < 0 ? 1 : 0;', 1],
    [
      `queue.push({ packets: 4n, bytes: 2 }); queue.push({ packets: 5n, bytes: 3 });
       const first = queue.pop(); const second = queue.peek(); queue.pop();
       const none = queue.pop();
       return (first?.bytes ?? 0) * 100 + (second ? second.bytes : 0) * 10 + (none ? 1 : 0);`,
      230,
    ],
    [
      `let best: Infer<typeof Value> | null = null;
       for (let i = 1; i < 3; i++) {
         table.update({ address: hton32(i), port: 0, protocol: 0 }, { packets: 0n, bytes: i });
         const found = table.lookup({ address: hton32(i), port: 0, protocol: 0 });
         if (found && (!best || found.bytes > best.bytes)) best = found;
       }
       return best ? best.bytes : 0;`,
      2,
    ],
  ];
  for (const [body, expected] of cases) test(body, () => assert.equal(value(body, scope), expected));
});

describe('functions', () => {
  const cases: [before: string, body: string, expected: number][] = [
    ['function add(a: u32, b: u32): u32 { return a + b; }', 'return add(add(1, 2), 3);', 6],
    ['const twice = (a: u32): u32 => a * 2;', 'return twice(21);', 42],
    [
      'function first(p: Head): u32 { p.a = 9; return p.b; }',
      'const p = ctx.at(Head, 0); if (!p) return 0; return first(p) * 16 + p.a;',
      0x2010 + 9,
    ],
    ['function sum(p: Infer<typeof Pair>): u32 { return p.x + p.y; }', 'return sum({ x: 3, y: 4 });', 7],
    ['function clamp(n: u32): u32 { if (n > 9) n = 9; return n; }', 'return clamp(44) + clamp(3);', 12],
    [
      'function header(context: XdpContext, at: u16): Head | null { return context.at(Head, at); }',
      'const p = header(ctx, 4); if (!p) return 0; return p.a;',
      4,
    ],
    [
      'function read<T>(context: XdpContext, type: Type<T>): T | null { return context.at(type, 2); }',
      'const p = read(ctx, Head); if (!p) return 0; return p.a;',
      2,
    ],
    ['function even(n: u32): boolean { return n % 2 === 0; }', 'return even(4) && !even(5) ? 1 : 0;', 1],
    [
      'function nothing(p: Head | null): void { if (p) p.a = 8; }',
      'const p = ctx.at(Head, 0); nothing(p); nothing(null); return p ? p.a : 0;',
      8,
    ],
    [
      'function count(map: Counters, n: u32): u32 { map.update(0, n); return n; }',
      'return count(counters, 5);',
      5,
    ],
    [
      'function sum({ x, y }: Infer<typeof Pair>): u32 { return x * 10 + y; }',
      'return sum({ x: 3, y: 4 });',
      34,
    ],
    [
      'function second({ b }: Head): u32 { return b; }',
      'const p = ctx.at(Head, 0); return p ? second(p) : 0;',
      0x201,
    ],
    ['function size({ length }: XdpContext): u32 { return length; }', 'return size(ctx) + size(ctx);', 128],
  ];
  const Pair = struct('pair', { x: u32, y: u32 });
  const counters = arrayMap({ value: u32, maxEntries: 4 });
  for (const [before, body, expected] of cases) {
    test(`${before} ${body}`, () => assert.equal(value(body, { Head, Pair, counters }, before), expected));
  }

  test('of another module, through a re-export', () => {
    const inner = moduleOf(
      'export function triple(n: u32): u32 { return n * FACTOR; }',
      { FACTOR: 3 },
      {},
      'inner.ts',
    );
    const barrel = moduleOf(
      "export { triple as thrice } from './inner.ts';",
      {},
      { './inner.ts': inner },
      'barrel.ts',
    );
    const text = `import { thrice } from './barrel.ts';
      import * as all from './barrel.ts';
      export const program = xdp(() => thrice(5) + all.thrice(1));`;
    const { program } = programOf('').scope();
    assert.equal(verdictOf(moduleOf(text, { program }, { './barrel.ts': barrel })), 18);
  });
});

describe('methods of structs', () => {
  const nothing = () => undefined;
  const declared = { low: nothing, scaled: nothing, plus: nothing, after: nothing, swap: nothing };
  const Head2 = struct('head2', { a: u8, b: u16 }, { packed: true, methods: declared });
  const headers = moduleOf(
    `export const LENGTH_MASK = 15;
     const scale = (words: u32): u32 => words * UNIT;
     export const Head2 = struct('head2', { a: u8, b: u16 }, {
       packed: true,
       methods: {
         low() { return this.a & LENGTH_MASK; },
         scaled() { return scale(this.a); },
         plus(more: u32): u32 { this.a = 1; return this.b + more; },
         after(context: XdpContext): u32 { return context.at(u8, this.low()) ?? 9; },
         swap(other: Ref<typeof Head2>): void { const { a } = this; this.a = other.a; other.a = a; },
       },
     });`,
    { LENGTH_MASK: 15, UNIT: 4, Head2 },
    {},
    'headers.ts',
  );
  // The module that imports the struct does not say its name.
  const Outer = struct('outer', { x: u8, inner: Head2, rows: array(Head2, 2) }, { packed: true });
  const rows = arrayMap({ value: Head2, maxEntries: 2 });
  const outer = moduleOf(
    `import { Head2 } from './headers.ts';
     export const Outer = struct('outer', { x: u8, inner: Head2, rows: array(Head2, 2) }, { packed: true });
     export const rows = arrayMap({ value: Head2, maxEntries: 2 });`,
    { Head2, Outer, rows },
    { './headers.ts': headers },
    'outer.ts',
  );
  const { program } = programOf('').scope();
  const cases: [body: string, expected: number][] = [
    ['return p.low();', 4],
    ['const LENGTH_MASK = 1; const self = 3; return p.low() + LENGTH_MASK + self;', 8],
    ['return p.scaled();', 16],
    ['return p.plus(5) + p.a;', 0x605 + 5 + 1],
    ['return p.after(ctx);', 4],
    ['const byte = ctx.at(u8, p.low()); return byte ?? 99;', 4],
    ['const ip = ctx.at(Ipv4, 5); return ip ? ip.headerLength() : 0;', 20],
    ['return ctx.at(Ipv4, 5)?.headerLength() ?? 7;', 20],
    ['return ctx.at(Ipv4, 60)?.headerLength() ?? 7;', 7],
    ['return ctx.at(Ipv4, 60)?.headerLength() === 20 ? 1 : 2;', 2],
    ['const o = ctx.at(Outer, 4); return o ? o.inner.low() : 0;', 5],
    ['const o = ctx.at(Outer, 4); return o?.rows[1]?.low() ?? 99;', 11],
    ['const o = ctx.at(Outer, 4); if (!o) return 0; const { inner: i } = o; return i.plus(0);', 0x706],
    [
      'const o = ctx.at(Outer, 4); let sum = 0; if (o) for (const r of o.rows) sum += r.low(); return sum;',
      19,
    ],
    ['const row = rows.lookup(1); return row ? row.plus(3) + row.low() : 99;', 4],
    ['const z = zeroed(Outer); z.inner.a = 21; return z.inner.low();', 5],
    ['const z = filled(Outer.fields[1].type, { a: 18, b: 3 }); return z.low() * 10 + z.plus(1);', 24],
    ['let q = p; return q.low();', 4],
    ['const z = zeroed(Outer); z.inner.swap(z.rows[0]); p.swap(p); return p.low();', 4],
  ];
  for (const [body, expected] of cases) {
    test(body, () => {
      const text = `import { Outer, rows } from './outer.ts';
        export const program = xdp((ctx) => { const o = ctx.at(Outer, 3); const p = o?.inner ?? null; if (!p) return 0; ${body} });`;
      assert.equal(
        verdictOf(moduleOf(text, { program, Outer, rows }, { './outer.ts': outer }), packet),
        expected,
      );
    });
  }
});

describe('the context taken apart', () => {
  const cases: [text: string, expected: number][] = [
    ['xdp((ctx) => { const { length, ingressInterface: from } = ctx; return length + from; })', 65],
    ['xdp((ctx) => { let { length } = ctx; length += 2; return length + ctx.length; })', 130],
    ['xdp(({ length, ingressInterface }) => length * 10 + ingressInterface)', 641],
  ];
  const { program } = programOf('').scope();
  for (const [text, expected] of cases) {
    test(text, () =>
      assert.equal(verdictOf(moduleOf(`export const program = ${text};`, { program }), packet), expected),
    );
  }
});

describe('values of user space', () => {
  test('numbers, const objects and arrays are constants', () => {
    const scope = { LIMIT: 5, Mode: { Off: 0, On: 2 }, ports: [80, 443], deep: { list: [7n] } };
    assert.equal(value('return LIMIT + Mode.On + ports[1] + u32(deep.list[0]);', scope), 457);
  });

  test('config is known when the program is loaded', () => {
    const settings = config({ udp: bool, port: be16, limit: u32, big: u64 });
    const module = programOf(
      'if (settings.udp) return 1; if (settings.port === 80) return settings.limit; return u32(settings.big);',
      { settings },
    );
    const values = { udp: false, port: 80, limit: 9, big: 3n };
    assert.equal(verdictOf(module, packet, { settings: values }), 9);
    assert.equal(verdictOf(module, packet, { settings: { ...values, port: 81 } }), 3);
    assert.equal(verdictOf(module, packet, { settings: { ...values, udp: true } }), 1);
  });

  test('a struct in memory has its padding zeroed', () => {
    const Key = struct('key', { a: u8, b: u64, c: u16 });
    const keys = hashMap({ key: Key, value: u32, maxEntries: 4 });
    const program = lowered(programOf('keys.update({ a: 1, b: 2n, c: 3 }, 4); return 0;', { keys }));
    const machine = machineOf(program);
    machine.run(xdpContext(new Uint8Array(64)));
    assert.equal(program.maps.get('keys'), keys);
  });
});
