/**
 * What is refused, by number. A comment stands in front of what the diagnostic is about: number, line and column have to be
 * these, and there are no others. docs/language.md has an example of each number too.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDiagnostic, lowerProgram, type ModuleSource } from './index.ts';
import { programOf } from './testing/module.ts';
import { before, scope } from './testing/refusals.ts';

/** The diagnostics that the comments of a text announce: `W203:4:13`. */
function announced({ text }: ModuleSource): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\/\*(W\d+)\*\//g)].map(
        (found) => `${found[1]}:${index + 1}:${found.index + found[0].length + 1}`,
      ),
    );
}

function check(module: ModuleSource): void {
  const { diagnostics } = lowerProgram(module, 'program');
  const told = diagnostics.map(({ code, line, column }) => `${code}:${line}:${column}`);
  assert.deepEqual(told, announced(module), diagnostics.map(formatDiagnostic).join('\n'));
}

describe('syntax', () => {
  const bodies = [
    'const a = /*W100*/;',
    'if (ctx.length > 4 /*W100*/return 1;',
    '/*W101*/for (const k in settings) {}',
    '/*W101*/delete settings.limit;',
    'const a = /*W101*/typeof ctx.length;',
    '/*W101*/with (ctx) {}',
    '/*W101*/debugger;',
    'const a = (1/*W101*/, 2);',
    'const { /*W216*/size } = ctx;',
    'const /*W208*/[first] = ctx;',
    'const a = /*W101*/void 0;',
    "const a = 'x' /*W101*/in settings;",
    '/*W106*/class A {}',
    'if (ctx.length /*W102*/== 4) return 1;',
    'if (ctx.length /*W102*/!= 4) return 1;',
    '/*W103*/var a = 1;',
    '/*W104*/throw 1;',
    '/*W104*/try { return 1; } catch { return 2; }',
    '/*W105*/await 1;',
    'const a = /*W106*/new Date();',
    'const a = /*W106*/new Uint8Array(4);',
    '/*W107*/function inner(): u32 { return 1; }',
    'const inner = /*W107*/(n: u32): u32 => n;',
    "const a = /*W108*/'eth0';",
    'const a = /*W108*/`eth0`;',
    "if (ctx.length === /*W108*/'x') return 1;",
    'const a = /*W109*/1.5;',
    'const a: u32 = /*W109*/1e-3;',
    'const a = /*W110*/ctx.length as u16;',
    'const a = /*W110*/<u16>ctx.length;',
    'switch (ctx.length) { /*W111*/case 1: counters.update(1, 2n); case 2: return 1; }',
    '/*W112*/while (true) {}',
    '/*W112*/for (;;) {}',
    '/*W112*/do {} while (true);',
    '/*W113*/break;',
    '/*W113*/continue;',
    'outer: for (let i = 0; i < 3; i++) { /*W113*/break inner; }',
    'switch (ctx.length) { case 1: /*W113*/continue; }',
    'for (const row of /*W114*/counters) {}',
    'for (const index of /*W115*/range(100000)) {}',
    'label: { /*W113*/break label; }',
    'const a = /*W110*/ctx.length as unknown as u16;',
    'const same = settings.on /*W102*/== true;',
    'const when = /*W106*/new Map();',
  ];
  for (const body of bodies) test(body, () => check(programOf(body, scope, before)));
});

describe('types', () => {
  const bodies = [
    'let a: u64 = /*W201*/ctx.length;',
    'let a: u32 = /*W201*/5n;',
    'let a: u64 = /*W201*/5;',
    'let a: i32 = /*W201*/ctx.length;',
    'let a: be16 = /*W201*/u16(ctx.length);',
    'let a: boolean = /*W201*/ctx.length;',
    'counters.update(1, /*W201*/2);',
    'const row = zeroed(Row); row.list = /*W201*/[1, 2];',
    'let a: u32 = /*W201*/settings.on;',
    'const a = ctx.length + /*W202*/i32(5);',
    'const a = settings.big + u64(1) + /*W201*/1;',
    'if (settings.big > /*W202*/ctx.length) return 1;',
    'if (settings.mark === /*W202*/u16(ctx.length)) return 1;',
    'const a = /*W202*/1n + 1;',
    'const a = settings.big << /*W201*/4;',
    'const a = settings.on ? ctx.length : /*W202*/settings.big;',
    'let a: u8 = /*W203*/ctx.length;',
    'let a: u8 = 5; a += 1; /*W203*/a *= 300;',
    'const row = zeroed(Row); row.small = /*W203*/ctx.length & 0x1ff;',
    'const row = zeroed(Row); /*W203*/row.small++;',
    'let a: i8 = /*W203*/i32(ctx.length);',
    'let a: u8 = /*W204*/256;',
    'let a: u32 = /*W204*/-1;',
    'let a: i8 = /*W204*/128;',
    'if (u8(ctx.length) === /*W204*/0x1_0000_0000) return 1;',
    'const row = zeroed(Row); row.small = /*W204*/256;',
    'const a = /*W205*/ctx.length >> 1;',
    'let a: u8 = 4; /*W205*/a >>= 1;',
    'const a = /*W206*/i32(ctx.length) >>> 1;',
    'const a = /*W206*/i64(settings.big) >>> 1n;',
    'const a = /*W207*/settings.mark + 1;',
    'const a = /*W207*/-settings.mark;',
    'if (/*W207*/settings.mark < 80) return 1;',
    'const a = /*W207*/settings.mark << 1;',
    'const a = /*W208*/settings.on + 1;',
    'const a = /*W208*/ctx + 1;',
    'const a = /*W208*/counters[0];',
    'const a = /*W208*/!settings.on > true;',
    'const row = zeroed(Row); const a = /*W208*/row * 2;',
    'if (/*W209*/counters) return 1;',
    'if (/*W209*/settings) return 1;',
    'while (/*W209*/Row) {}',
    'const a = /*W210*/-ctx.length;',
    'const a = /*W210*/-settings.big;',
    'const a = ctx.length << /*W211*/32;',
    'const a = settings.big >> /*W211*/64n;',
    'const a = ctx.length >>> /*W211*/-1;',
    'const a = ctx.length / /*W212*/0;',
    'const a = settings.big % /*W212*/0n;',
    'let a: u32 = 8; a %= /*W212*/0;',
    'const a: /*W213*/number = 5;',
    'const a: /*W213*/string = 5;',
    'const a: /*W213*/bigint = 5n;',
    'const a = /*W214*/{ x: 1 };',
    'const a = /*W214*/[1, 2];',
    'let /*W214*/a;',
    'const a: /*W215*/any = 5;',
    'return /*W216*/ctx.missing;',
    'return /*W216*/settings.missing;',
    'const row = zeroed(Row); return /*W216*/row.smal;',
    'return /*W216*/Xdp.Pas;',
    'const row: Infer<typeof Row> = { small: 1, list: [0, 0, 0, 0], wide: 1n, /*W216*/more: 2 };',
    'const row: Infer<typeof Row> = /*W217*/{ small: 1, list: [0, 0, 0, 0] };',
    'table.lookup(/*W217*/{ a: 1 });',
    'let a = /*W218*/counters;',
    'let a = /*W218*/ctx;',
    'const a = /*W219*/ctx.length && settings.on;',
    'const a = settings.on || /*W219*/settings.big;',
    'let a: u64 = settings.big; a += u64(1) + /*W202*/i64(2n);',
    'counters.update(1, 1n); const byte: u8 = /*W203*/half(ctx.length);',
    'counters.update(1, /*W214*/{});',
    'const port: be16 = /*W204*/70000;',
    'const { /*W216*/nothing } = zeroed(Row);',
  ];
  for (const body of bodies) test(body, () => check(programOf(body, scope, before)));
});

describe('pointers and memory', () => {
  const bodies = [
    'return /*W301*/table.lookup({ a: 1, b: 2 }).small;',
    'const row = table.lookup({ a: 1, b: 2 }); /*W301*/row.small = 1;',
    'const byte = ctx.at(u8, 0); return /*W301*/byte + 1;',
    'const row = table.lookup({ a: 1, b: 2 }); if (row || settings.on) return /*W301*/row.small;',
    'let row = table.lookup({ a: 1, b: 2 }); if (!row) return 1; row = table.lookup({ a: 2, b: 2 }); return /*W301*/row.small;',
    'return /*W301*/counters.lookup(1) + 1n > 4n ? 1 : 0;',
    'const row = zeroed(Row); return row.list[/*W302*/ctx.length] > 1 ? 1 : 0;',
    'const row = zeroed(Row); row.list[/*W302*/ctx.length & 7] = 1;',
    'const row = zeroed(Row); for (let i = 0; i < 5; i++) row.list[/*W302*/i] = 1;',
    'const row = zeroed(Row); row.list[/*W303*/4] = 1;',
    'return PORTS[/*W303*/2];',
    'const a = ctx.at(u16, 0); const b = ctx.at(Row, 0); if (!b) return 1; xdpAdjustHead(ctx, 4); return /*W304*/b.small;',
    'const record = /*W305*/events.reserve(); if (!record) return 1; return 2;',
    'const record = events.reserve(); if (!record) return 1; events.submit(record); /*W306*/events.submit(record); return 2;',
    'const record = settings.on ? /*W307*/events.reserve() : null; if (record) events.discard(record); return 1;',
    'const row = table.lookup({ a: 1, b: 2 }) ?? /*W308*/zeroed(Row);',
    'let row = zeroed(Row); const other = table.lookup({ a: 1, b: 2 }); if (other) row = /*W308*/other;',
    'const a = ctx.at(u8, /*W309*/ctx.length);',
    'const a = ctx.at(u8, /*W309*/65535);',
    'const a = ctx.at(u8, /*W309*/ctx.length > 4 ? 4 : ctx.length);',
    'let a: u16 = 4; for (let i = 0; i < 4; i++) a = /*W203*/a + 1;',
    'const a: u8 = /*W203*/ctx.length > 4 ? ctx.length : 3;',
    'const a = ctx.at(u8, /*W309*/-1);',
    '/*W310*/ctx.ingressInterface = 1;',
    '/*W310*/settings.limit = 1;',
    'return /*W312*/table.lookup({ a: 1, b: 2 })!.small;',
    'const a = /*W312*/ctx.at(u8, 0)!;',
    'const row = ctx.at(Row, 0); if (row) row.list[/*W313*/ctx.length & 3] = 1;',
    'const record = ctx.length > 4 ? /*W307*/events.reserve() : null; if (record) events.discard(record); return 1;',
    'const [first] = /*W301*/ctx.at(Ethernet, 0).source;',
    'const row = zeroed(Row); const [, , , , /*W303*/fifth] = row.list;',
  ];
  for (const body of bodies) test(body, () => check(programOf(body, scope, before)));
});

describe('names and functions', () => {
  const bodies = [
    'return /*W401*/Xpd.Pass;',
    'return ctx.at(Ethernet, 0)?.protocol === /*W202*/ctx.length ? 1 : 2;',
    'return ctx.at(Ethernet, 0)?.source[/*W303*/6] === 1 ? 1 : 2;',
    'const a = /*W301*/ctx.at(Ethernet, 0)?.protocol;',
    '/*W401*/missing();',
    '/*W401*/value = 5;',
    'return /*W402*/seen.size;',
    'const a = /*W408*/Math.max(1, 2);',
    'return /*W403*/changing;',
    'return /*W405*/half();',
    'return /*W405*/half(1, 2);',
    'const a = /*W405*/ctx.at(u8);',
    'const a = 1; /*W407*/a = 2;',
    'return /*W216*/Ipv4.headerLength(zeroed(Ipv4));',
    'return /*W405*/zeroed(Ipv4).headerLength(1);',
    'return /*W301*/ctx.at(Ipv4, 0).headerLength();',
    'const ip = ctx.at(Ipv4, 0); return /*W301*/ip.headerLength();',
    'return /*W411*/zeroed(Ipv4).length();',
    'return /*W411*/zeroed(Row).length();',
    'return /*W411*/zeroed(Ipv4).toString();',
    'return /*W411*/zeroed(Row).list.first();',
    'return /*W408*/zeroed(Row).small();',
    'return /*W408*/ctx.at(Row, 0)?.small() ?? 0;',
    'return /*W412*/zeroed(Ipv4).headerLength;',
    'const length = /*W412*/zeroed(Ipv4).headerLength;',
    'return /*W402*/zeroed(Foreign).half();',
    'return /*W401*/this.a;',
    'filled(Row, /*W217*/{ small: 1 });',
    '/*W405*/filled(Row);',
    '/*W407*/PORTS = 4;',
    'for (const i = 0; i < 4; /*W407*/i++) {}',
    '/*W408*/counters(1);',
    'let a = /*W401*/b; let b = 1;',
  ];
  for (const body of bodies) test(body, () => check(programOf(body, scope, before)));
});

describe('what the kernel offers', () => {
  const bodies = [
    '/*W502*/ctx.length();',
    '/*W501*/counters.delete(0);',
    '/*W501*/events.lookup(1);',
    '/*W501*/table.push(1);',
    '/*W502*/ctx.argument(0);',
    "const row = zeroed(Row); atomic.add(row, /*W503*/'small', 1);",
    'return PORTS[/*W504*/ctx.length];',
    'const record = /*W505*/raw.reserve();',
  ];
  for (const body of bodies) test(body, () => check(programOf(body, scope, before)));
});

describe('functions', () => {
  const cases: [declaration: string, body: string][] = [
    ['function spin(n: u32): u32 { return n === 0 ? 0 : /*W404*/spin(n - 1); }', 'return spin(3);'],
    [
      'function odd(n: u32): u32 { return n === 0 ? 0 : even(n - 1); } function even(n: u32): u32 { return /*W404*/odd(n); }',
      'return odd(3);',
    ],
    ['/*W409*/function partly(n: u32): u32 { if (n > 4) return 1; }', 'return partly(ctx.length);'],
    ['function bare(/*W406*/n): u32 { return 1; }', 'return bare(ctx.length);'],
    ['const bare = /*W406*/(n: u32) => n;', 'return bare(ctx.length);'],
    ['function fresh(): Infer<typeof Row> { return /*W311*/zeroed(Row); }', 'return fresh().small;'],
    ['function narrow(n: u32): u8 { return /*W203*/n; }', 'return narrow(ctx.length);'],
    ['function half(n: u32): u32 { return n / 2; }', 'return half(/*W201*/settings.big);'],
    [
      'function first(row: Infer<typeof Row>): u8 { return row.small; }',
      'return first(/*W301*/ctx.at(Row, 0));',
    ],
    [
      'function first(row: Infer<typeof Row>): u8 { return row.small; }',
      'return first(/*W201*/zeroed(Key));',
    ],
    ['/*W105*/async function wait(): Promise<void> {}', 'wait(); return 1;'],
  ];
  for (const [declaration, body] of cases) {
    test(`${declaration} ${body}`, () => check(programOf(body, scope, declaration)));
  }
});

test('several faults are told in one run, in the order of the text', () => {
  check(
    programOf(
      `let a: u8 = /*W203*/ctx.length;
       if (a /*W102*/== 4) return 1;
       const row = zeroed(Row);
       row.small = /*W204*/256; row.list[/*W303*/9] = 1; /*W407*/row = row;
       for (let i = 0; i < 4; i++) { if (/*W209*/counters) /*W104*/throw 1; }
       return /*W401*/missing;`,
      scope,
    ),
  );
});

test('hints say what to write instead', () => {
  const hints: [body: string, hint: string][] = [
    ['return ctx.lenght;', 'ingressInterface'],
    ['const row = zeroed(Row); return row.smal;', 'Did you mean "small"?'],
    ['return Xpd.Pass;', 'Did you mean "Xdp"?'],
    ['let a: u8 = ctx.length;', 'cast it with u8(…), or mask it with & 0xff'],
    ['const a = ctx.length + i32(5);', 'u32(…)'],
    ['if (settings.mark === u16(ctx.length)) return 1;', 'hton16(…)'],
    ['return table.lookup({ a: 1, b: 2 }).small;', 'if (!table.lookup(…)) return'],
    ['counters.delete(0);', 'lookup'],
    ['const a = ctx.length >> 1;', '>>>'],
    ['const a = -ctx.length;', 'i32'],
    ['let wide: u64 = 5n; wide += 1;', 'Write 1n'],
    ['let narrow: u32 = 5; narrow += 1n;', 'Write 1'],
  ];
  for (const [body, expected] of hints) {
    const [first] = lowerProgram(programOf(body, scope, before), 'program').diagnostics;
    assert.ok(first?.hint?.includes(expected), `${body}: ${first?.hint}`);
  }
});
