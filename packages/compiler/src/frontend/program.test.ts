/** Programs as a whole: what is found in a module, what the IR looks like, how faults are told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as bpf from '@waggle/bpf';
import { arrayMap, be32, config, hashMap, struct, u32, u64, xdp } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import { printIr } from '../ir/print.ts';
import { formatDiagnostic, lowerProgram, programNames } from './index.ts';
import { complaints, lowered } from './testing/evaluate.ts';
import { moduleOf, programOf } from './testing/module.ts';

/** The text of a program's IR, without its origins. */
const irOf = (body: string, scope: Readonly<Record<string, unknown>> = {}, before = '') =>
  printIr(lowered(programOf(body, scope, before)).ir).replace(/ {2};.*/g, '');

describe('the IR', () => {
  test('a header is looked at where the packet is long enough', () => {
    assert.equal(
      irOf('const ip = ctx.at(Ipv4, 14); if (!ip || ip.protocol !== 6) return Xdp.Pass; return Xdp.Drop;'),
      `program xdp

function program(%0: context): i32
b0:
  %1: packet? = packetAt %0 +14 size 20
  %2: packet? = const 0
  branch notEqual %1 %2 ? b4 : b1
b1:
  %5: i32 = const 2
  return %5
b3:
  %6: i32 = const 1
  return %6
b4:
  %3: i32 = load u8 %1 +9
  %4: i32 = const 6
  branch notEqual %3 %4 ? b1 : b3
`,
    );
  });

  test('only what a loop assigns becomes a parameter of its head', () => {
    assert.equal(
      irOf(
        'let kept = ctx.ingressInterface; let sum = 0; for (let i = 0; i < kept; i++) sum += kept; return sum;',
      ),
      `program xdp

function program(%0: context): i32
b0:
  %1: i32 = load u32 %0 +12
  %2: i32 = const 0
  %3: i32 = const 0
  jump b1(%3, %2)
b1(%4: i32, %5: i32):
  branch less %4 %1 ? b2 : b4
b2:
  %6: i32 = add %5 %1
  jump b3
b3:
  %7: i32 = const 1
  %8: i32 = add %4 %7
  jump b1(%8, %6)
b4:
  return %5
`,
    );
  });

  test('the padding of a key is zeroed, and nothing else twice', () => {
    const Key = struct('key', { address: be32, port: bpf.be16, protocol: bpf.u8 });
    const keys = hashMap({ key: Key, value: u32, maxEntries: 1 });
    const text = irOf('return keys.delete({ address: 1, port: 2, protocol: 3 }) === 0 ? 1 : 2;', { keys });
    assert.deepEqual(text.match(/store.*/g), [
      'store u32 %2 +0 %3',
      'store u16 %2 +4 %5',
      'store u8 %2 +6 %7',
      'store u8 %2 +7 %9',
    ]);
  });

  test('a function is lowered once for each kind of memory and map that it is called with', () => {
    const Counter = struct('counter', { packets: u64 });
    const [first, second] = [1, 2].map(() => arrayMap({ value: Counter, maxEntries: 1 }));
    const before = `function count(map: Table, n: u64): void { const c = map.lookup(0); if (c) add(c, n); }
      function add(c: Infer<typeof Counter>, n: u64): void { c.packets += n; }`;
    const body = 'count(first, 1n); count(first, 2n); count(second, 1n); add({ packets: 0n }, 1n); return 0;';
    const { ir, maps } = lowered(programOf(body, { Counter, first, second }, before));
    assert.deepEqual(
      ir.functions.map(({ name, blocks }) => [name, blocks[0]?.params.map(({ type }) => type).join(' ')]),
      [
        ['program', 'context'],
        ['add', 'mapValue i64'],
        ['count', 'i64'],
        ['count_2', 'i64'],
        ['add_2', 'stack i64'],
      ],
    );
    assert.deepEqual(
      [...maps],
      [
        ['first', first],
        ['second', second],
      ],
    );
  });

  test('a pointer that begins as null takes the memory of what it is assigned', () => {
    const Value = struct('value', { n: u32 });
    const values = arrayMap({ value: Value, maxEntries: 4 });
    const body = `let best: Infer<typeof Value> | null = null;
      const found = values.lookup(1);
      if (found) best = found;
      return best ? best.n : 0;`;
    assert.match(irOf(body, { Value, values }), /: mapValue\?\):/);
  });

  test('every instruction says where it comes from', () => {
    const { ir } = lowered(programOf('let a = ctx.ingressInterface;\n  a += 2;\n  return a;'));
    const [block] = ir.functions[0]?.blocks ?? [];
    assert.deepEqual(
      block?.instructions.map(({ op, origin }) => [op, origin?.line, origin?.column, origin?.source]),
      [
        ['load', 3, 9, 'let a = ctx.ingressInterface;'],
        ['const', 4, 3, 'a += 2;'],
        ['add', 4, 3, 'a += 2;'],
      ],
    );
  });

  test('config values in network order are the number meant until they are swapped', () => {
    const settings = config({ address: be32 });
    assert.match(
      irOf('return u32(settings.address);', { settings }),
      /%1: i32 = config settings address\n {2}%2: i32 = swapBytes 32 %1\n {2}%3: i32 = swapBytes 32 %2/,
    );
  });
});

describe('a module', () => {
  const program = xdp(() => 0);

  test('has the programs that are declared in it, in order', () => {
    const text = 'export const second = xdp(() => 1); const one = 1; export const first = xdp(() => 2);';
    const module = moduleOf(text, { second: program, first: program, one: 1, imported: program });
    assert.deepEqual(programNames(module), ['second', 'first']);
  });

  test('may name the body of a program', () => {
    const text =
      'function body(ctx: XdpContext): u32 { return ctx.length; } export const program = xdp(body);';
    assert.equal(lowered(moduleOf(text, { program })).ir.functions[0]?.name, 'program');
  });

  test('is told when there is no such program', () => {
    const { diagnostics } = lowerProgram(
      moduleOf('export const balance = xdp(() => 1);', { balance: program }),
      'balace',
    );
    assert.deepEqual(diagnostics.map(formatDiagnostic), [
      'test.bpf.ts:1:1: W401: There is no "balace" here. Did you mean "balance"?',
    ]);
  });

  test('may have anything outside of its programs', () => {
    const text = `class Anything { async method() { try { await 0; } catch { throw new Error('x'); } } }
      export const program = xdp(() => 1);`;
    lowered(moduleOf(text, { program }));
  });
});

describe('diagnostics', () => {
  test('all faults of a program are told in one run, each once', () => {
    const body = `const a = Xdp.Pas;
  const b = a + 1;
  let c: u8 = ctx.length;
  if (c == 4) return missing;
  for (let i = 0; i < 4; i++) { c += i; throw 1; }
  return c;`;
    assert.deepEqual(complaints(programOf(body)), ['W216:3', 'W203:5', 'W102:6', 'W401:6', 'W104:7']);
  });

  test('they say where, to the character', () => {
    const { diagnostics } = lowerProgram(
      programOf('  const service = 5;\n  return service + ctx.lenght;'),
      'program',
    );
    assert.deepEqual(diagnostics, [
      {
        code: 'W216',
        message: 'The context has no field "lenght"',
        hint: 'Its fields are ingressInterface, receiveQueue, egressInterface',
        file: 'test.bpf.ts',
        line: 4,
        column: 20,
        length: 10,
      },
    ]);
  });

  test('a fault in a function of another module is told there', () => {
    const inner = moduleOf('export function f(n: u32): u8 { return n; }', {}, {}, 'inner.ts');
    const text = "import { f } from './inner.ts';\nexport const program = xdp((ctx) => f(ctx.length));";
    const { diagnostics } = lowerProgram(
      moduleOf(text, { program: xdp(() => 0) }, { './inner.ts': inner }),
      'program',
    );
    assert.deepEqual(
      diagnostics.map(({ file, code, line, column }) => [file, code, line, column]),
      [['inner.ts', 'W203', 1, 40]],
    );
  });

  test('what is known not to be reached is not compiled', () => {
    const scope = { DEBUG: false };
    lowered(programOf('if (DEBUG) throw 1; return DEBUG ? nothing : 1;', scope));
  });

  const nullable = 'const ip = ctx.at(Ipv4, 14);';
  const refused: [body: string, expected: string[]][] = [
    [`${nullable} if (ip) return 1; return ip.protocol;`, ['W301:3']],
    [`${nullable} ip.protocol = 1;\nip.protocol = 2; if (ip.protocol) return 1;\n return 1;`, ['W301:3']],
    [`${nullable} let p = ip; if (!p) return 1; p = ctx.at(Ipv4, 20); return p.protocol;`, ['W301:3']],
    [`${nullable} while (ip) { break; } return ip.protocol;`, ['W301:3']],
    [`${nullable} if (ip || ctx.length > 4) return ip.protocol; return 1;`, ['W301:3']],
    ['let i: u32 = 5; while (i < 9) { i = i / 2 + 1; } const n = zeroed(Ipv6); return n.source[i] ?? 0;', []],
    ['const n = zeroed(Ipv6); for (let i = 0; i <= 16; i++) n.source[i] = 0; return 1;', ['W302:3']],
    ['const n = zeroed(Ipv6); n.source[ctx.length % 5] = 0; return 1;', ['W302:3']],
    ['let a: u8 = 250; for (let i = 0; i < 9; i++) a = a + 1; return a;', ['W203:3']],
    [
      'const a = ctx.at(Ethernet, 0); if (!a) return 1; for (let i = 0; i < 3; i++) { a.protocol = 1; xdpAdjustHead(ctx, 4); } return 1;',
      ['W304:3'],
    ],
    [
      'for (let i = 0; i < 3; i++) { const a = ctx.at(Ethernet, 0); if (!a) return 1; a.protocol = 1; xdpAdjustHead(ctx, 4); } return 1;',
      [],
    ],
  ];
  for (const [body, expected] of refused) {
    test(body, () => assert.deepEqual(complaints(programOf(body)), expected));
  }

  test('the packet also moves by what a function calls', () => {
    const before = 'function grow(context: XdpContext): void { xdpAdjustHead(context, -20); }';
    const body = `${nullable} if (!ip) return 1; grow(ctx); return ip.protocol;`;
    assert.deepEqual(complaints(programOf(body, {}, before)), ['W304:3']);
  });

  test('a function may give back what its caller holds', () => {
    const Event = struct('event', { n: u32 });
    const events = bpf.ringBuffer({ bytes: 4096, record: Event });
    const before = 'function send(e: Infer<typeof Event>): void { e.n = 1; events.submit(e); }';
    const good = 'const e = events.reserve(); if (!e) return 1; send(e); return 2;';
    const twice = 'const e = events.reserve(); if (!e) return 1; send(e); events.discard(e); return 2;';
    assert.deepEqual(complaints(programOf(good, { Event, events }, before)), []);
    assert.deepEqual(complaints(programOf(twice, { Event, events }, before)), ['W306:3']);
  });

  test('a function may return what it holds, and its caller gives it back', () => {
    const Event = struct('event', { n: u32 });
    const events = bpf.ringBuffer({ bytes: 4096, record: Event });
    const before =
      'function begin(n: u32): Infer<typeof Event> | null { const e = events.reserve(); if (!e) return null; if (n > 9) { events.discard(e); return null; } return e; }';
    const good = 'const e = begin(1); if (!e) return 1; events.submit(e); return 2;';
    const kept = 'const e = begin(1); if (!e) return 1; return 2;';
    assert.deepEqual(complaints(programOf(good, { Event, events }, before)), []);
    assert.deepEqual(complaints(programOf(kept, { Event, events }, before)), ['W305:3']);
  });
});

describe('helpers', () => {
  const specs = Object.entries(bpf).flatMap(([name, value]) => {
    const spec = bpf.helperSpec(value);
    return spec ? [{ exported: name, spec, call: value as () => unknown }] : [];
  });

  test('have the numbers of the kernel, each once', () => {
    const numbers: Readonly<Record<string, number>> = Helper;
    assert.ok(specs.length > 60);
    for (const { spec } of specs) assert.equal(numbers[spec.name], spec.number, spec.name);
    assert.equal(new Set(specs.map(({ spec }) => spec.number)).size, specs.length);
  });

  test('have at most the five arguments of the kernel', () => {
    for (const { spec } of specs) {
      const count = spec.parameters.reduce((sum, { kind }) => sum + (kind === 'sized' ? 2 : 1), 0);
      assert.ok(count <= 5, spec.name);
    }
  });

  test('throw in user space', () => {
    for (const { call, spec } of specs) {
      assert.throws(() => call(), {
        code: 'INVALID',
        message: new RegExp(`^${spec.name}\\(\\) is for programs`),
      });
    }
  });
});

test('a struct whose import is only for its type is known by Infer', () => {
  const text = `import { type SocketTuple4, xdp } from '@waggle/bpf';
    export const program = xdp(() => {
      const ends: Infer<typeof SocketTuple4> = { sourceAddress: 1, destinationAddress: 2, sourcePort: 3, destinationPort: 4 };
      return ntoh16(ends.destinationPort);
    });`;
  const { SocketTuple4: _, ...values } = bpf;
  const source = { ...moduleOf(text), scope: () => ({ ...values, program: xdp(() => bpf.Xdp.Pass) }) };
  assert.deepEqual(complaints(source), []);
});
