/** What the language means, in the interpreter and in the kernel alike: critical sections, loops, methods. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  array,
  arrayMap,
  be16,
  be32,
  bytes,
  hashMap,
  perCpuArrayMap,
  queueMap,
  ringBuffer,
  spinLock,
  struct,
  timer,
  u32,
  u64,
} from '@waggle/bpf';
import { Machine, xdpContext } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { compiled, runBoth, type Tables } from './support/both.ts';

const Ticket = struct('ticket', { next: u32, lock: spinLock, total: u64 });
const tickets = arrayMap({ value: Ticket, maxEntries: 2 });
const byName = hashMap({ key: u32, value: Ticket, maxEntries: 4 });

describe('locked()', { skip: needsRoot }, () => {
  test('gives what its body returns, and keeps the lock out of values', () => {
    const body = `
      const ticket = tickets.lookup(1);
      if (!ticket) return 0;
      const number = locked(ticket, () => {
        if (ticket.next === 7) return 100;
        ticket.next += 1;
        ticket.total += 10n;
        return ticket.next;
      });
      return number;`;
    for (const [next, expected] of [
      [4, 5],
      [7, 100],
    ] as const) {
      const { result, found } = runBoth(body, {
        scope: { tickets },
        prepare: (maps) => maps.tickets?.set(1, { next, total: 1n }),
        read: (maps) => maps.tickets?.get(1),
      });
      assert.equal(result, expected);
      assert.deepEqual(found, next === 7 ? { next, total: 1n } : { next: 5, total: 11n });
    }
  });

  test('a value with a lock is made by a literal without it', () => {
    const body = `
      byName.update(3, { next: 8, total: 9n });
      const ticket = byName.lookup(3);
      if (!ticket) return 0;
      locked(ticket, () => {
        ticket.next += 1;
      });
      return ticket.next;`;
    const { result, found } = runBoth(body, { scope: { byName }, read: (maps) => maps.byName?.get(3) });
    assert.equal(result, 9);
    assert.deepEqual(found, { next: 9, total: 9n });
  });
});

describe('methods of structs', { skip: needsRoot }, () => {
  test('the length of a header is where the next one begins', () => {
    for (const words of [5, 8, 15]) {
      const packet = new Uint8Array(128);
      packet[14] = 0x40 | words;
      packet[14 + words * 4 + 1] = 53;
      packet[14 + words * 4 + 12] = 0x70;
      const body = `
        const ip = ctx.at(Ipv4, 14);
        if (!ip) return 1;
        const tcp = ctx.at(Tcp, 14 + ip.headerLength());
        if (!tcp) return 2;
        return tcp.source === 53 ? tcp.headerLength() : 3;`;
      assert.equal(runBoth(body, { packet }).result, 28);
    }
  });

  const nothing = () => undefined;
  const Cell = struct(
    'cell',
    { count: u32, largest: u32, lock: spinLock },
    { methods: { note: nothing, take: nothing, sum: nothing, isFull: nothing } },
  );
  const Note = struct('note', { at: u32, size: u32 }, { methods: { fill: nothing, area: nothing } });
  const cells = arrayMap({ value: Cell, maxEntries: 3 });
  const notes = ringBuffer({ bytes: 4096, record: Note });
  const waiting = queueMap({ value: Note, maxEntries: 4 });
  const perCpu = perCpuArrayMap({ value: Note, maxEntries: 1 });
  const scope = { LIMIT: 3, Cell, Note, cells, notes, waiting, perCpu };
  const before = `
    const Cell = struct('cell', { count: u32, largest: u32, lock: spinLock }, {
      methods: {
        isFull() { return this.count >= LIMIT; },
        note(value: u32): boolean {
          if (this.isFull()) return false;
          this.count += 1;
          if (value > this.largest) this.largest = value;
          return true;
        },
        take(): u32 {
          return locked(this, () => {
            this.count -= 1;
            return this.count;
          });
        },
        sum(turns: u32): u32 {
          let sum: u32 = 0;
          loop(turns, (turn) => {
            sum += this.count + turn;
            this.largest = sum;
          });
          return sum;
        },
      },
    });
    const Note = struct('note', { at: u32, size: u32 }, {
      methods: {
        area() { return this.at * this.size; },
        fill(at: u32, size: u32): void { this.at = at; this.size = size; },
      },
    });`;
  const cases: [name: string, body: string, expected: number][] = [
    [
      'of a value of a map, with a test that guards a field',
      'const c = cells.lookup(0); if (!c) return 99; let n = 0; for (let i = 0; i < 5; i++) if (c.note(i * 7)) n++; return n * 100 + c.largest;',
      314,
    ],
    [
      'that hold a lock of the value',
      'const c = cells.lookup(1); if (!c) return 99; c.note(1); c.note(2); return c.take() * 10 + c.count;',
      11,
    ],
    [
      'with a loop of the kernel, whose body uses this',
      'const c = cells.lookup(2); if (!c) return 99; c.note(5); return c.sum(4) * 100 + c.largest;',
      1010,
    ],
    [
      'of what forEach() goes over',
      'const c = cells.lookup(1); if (c) c.note(9); let sum: u32 = 0; cells.forEach((index, cell) => { sum += cell.count * 10; if (cell.note(1)) sum += 1; }); return sum;',
      13,
    ],
    [
      'of a reserved record, which is submitted afterwards',
      'const n = notes.reserve(); if (!n) return 99; n.fill(3, 4); const area = n.area(); notes.submit(n); return area;',
      12,
    ],
    [
      'of copies: from a queue and from the packet',
      'waiting.push({ at: 5, size: 6 }); const n = waiting.pop(); const m = ctx.load(Note, 0); if (!n || !m) return 99; m.fill(1, 2); return n.area() * 10 + m.area();',
      302,
    ],
    [
      'of a value of this CPU, through null',
      'perCpu.lookup(0)?.fill(6, 7); perCpu.lookup(5)?.fill(1, 1); if (perCpu.lookup(5)?.area()) return 98; return perCpu.lookup(0)?.area() ?? 99;',
      42,
    ],
    [
      'in a condition through null',
      'const c = cells.lookup(0); if (cells.lookup(7)?.isFull() || !cells.lookup(0)?.note(3)) return 98; return !c?.isFull() && c?.count ? 42 : 99;',
      42,
    ],
    [
      'of a literal, and of what either of two names',
      'const a = filled(Note, { at: 2, size: 3 }); const b = filled(Note, { at: 4, size: 5 }); const c = ctx.length > 10 ? a : b; c.fill(c.size, 7); return a.area() * 100 + b.area();',
      2120,
    ],
  ];
  for (const [name, body, expected] of cases) {
    test(name, () => assert.equal(runBoth(body, { scope, before }).result, expected));
  }
});

describe('loop()', { skip: needsRoot }, () => {
  const cases: [name: string, body: string, expected: number][] = [
    ['turns', 'return loop(1000, () => {}) === 1000 ? 1 : 0;', 1],
    ['sum', 'let sum = 0; loop(ctx.length, (index) => { sum += index; }); return sum;', 2016],
    [
      'end',
      'let last = 0; const n = loop(50, (index) => { last = index; return index === 9; }); return last * 100 + u32(n);',
      910,
    ],
    [
      'captures',
      'const add = u8(ctx.length); let wide: u64 = 1n; let on = false; loop(5, (i) => { wide += u64(add) + u64(i); on = !on; if (i === 3) return true; return; }); return on ? 0 : u32(wide);',
      263,
    ],
    [
      'packet',
      'const first = ctx.at(Ethernet, 0); if (!first) return 0; let found = 0; loop(8, (i) => { const byte = ctx.at(u8, i); if (byte === null) return true; found += byte; first.protocol = hton16(u16(i)); return false; }); return found + u32(ntoh16(first.protocol));',
      8 + 7,
    ],
    [
      'nested',
      'let sum = 0; loop(4, (i) => { loop(3, (j) => { sum += i * 10 + j; if (j === 1) return true; return false; }); }); return sum;',
      4 + 10 * 12,
    ],
    [
      'inside of a real loop',
      'let sum = 0; for (let i = 0; i < 3; i++) loop(2, () => { sum += i; }); return sum;',
      6,
    ],
    [
      'map values',
      'const ticket = tickets.lookup(0); if (!ticket) return 0; loop(6, (i) => { locked(ticket, () => { ticket.next += i; }); }); return ticket.next;',
      15,
    ],
    [
      'what may be null',
      'const maybe = tickets.lookup(ctx.length); const other = tickets.lookup(1); let seen = 0; loop(3, () => { if (maybe) seen += 100; if (other) seen += 1; }); return seen;',
      3,
    ],
  ];
  for (const [name, body, expected] of cases) {
    test(name, () => {
      const { result } = runBoth(body, { scope: { tickets }, packet: new Uint8Array(64).fill(1) });
      assert.equal(result, expected);
    });
  }
});

const PORTS = [80, 443, 8080];
const Sums = struct('sums', { words: array(u32, 6), total: u32 });

describe('for … of', { skip: needsRoot }, () => {
  const cases: [name: string, body: string, expected: number][] = [
    [
      'table',
      'let sum = 0; for (const port of PORTS) { if (port === 443) continue; sum += port; } return sum;',
      8160,
    ],
    ['literal', 'let sum = 0; for (const x of [1, ctx.length, 5]) sum += x; return sum;', 70],
    [
      'range',
      'let sum = 0; for (const i of range(5)) { if (i === 4) break; sum += i * 10; } return sum;',
      60,
    ],
    ['from to', 'let sum = 0; for (let i of range(3, 6)) { i += 1; sum += i; } return sum;', 15],
    [
      'return',
      'for (const i of range(9)) { const byte = ctx.at(u8, i); if (byte !== null && byte === 5) return i; } return 99;',
      5,
    ],
    [
      'array in memory',
      'const sums = zeroed(Sums); for (const i of range(6)) sums.words[i] = i * i; let total = 0; for (const word of sums.words) { if (word === 16) continue; total += word; } return total;',
      39,
    ],
    [
      'nested, with labels',
      'const sums = zeroed(Sums); sums.words[2] = 7; let n = 0; outer: for (const word of sums.words) { for (const other of sums.words) { n += 1; if (word === 7) break outer; if (other === 7) continue outer; } } return n;',
      7,
    ],
    [
      'packet',
      'const eth = ctx.at(Ethernet, 0); if (!eth) return 0; let sum = 0; for (const byte of eth.source) sum += byte; return sum;',
      51,
    ],
  ];
  const packet = Uint8Array.from({ length: 64 }, (_, index) => index);
  for (const [name, body, expected] of cases) {
    test(name, () => {
      const { result } = runBoth(body, { scope: { PORTS, Sums }, packet });
      assert.equal(result, expected);
    });
  }
});

const Flow = struct('flow', { source: be32, port: be16 });
const flows = hashMap({ key: Flow, value: Sums, maxEntries: 8 });
const squares = arrayMap({ value: u64, maxEntries: 5 });

describe('forEach()', { skip: needsRoot }, () => {
  test('structs: the key is read, the value is in the map', () => {
    const body = `
      let ports = 0;
      const seen = flows.forEach((key, value) => {
        ports += ntoh16(key.port);
        value.total = value.words[1] + 1;
      });
      return ports + u32(seen);`;
    const key = { source: 1, port: 80 };
    const { result, found } = runBoth(body, {
      scope: { flows },
      prepare: (maps) => {
        maps.flows?.set(key, { words: [0, 41, 0, 0, 0, 0], total: 0 });
        maps.flows?.set({ source: 2, port: 443 }, { words: [0, 7, 0, 0, 0, 0], total: 0 });
      },
      read: (maps) => maps.flows?.get(key),
    });
    assert.equal(result, 525);
    assert.deepEqual(found, { words: [0, 41, 0, 0, 0, 0], total: 42 });
  });

  test('scalars are copies; true ends it', () => {
    const body = `
      let sum: u64 = 0n;
      const seen = squares.forEach((index, value) => {
        sum += value;
        return index === 3;
      });
      return u32(sum) * 10 + u32(seen);`;
    const prepare = (maps: Tables): void => {
      for (let index = 0; index < 5; index++) maps.squares?.set(index, BigInt(index * index));
    };
    assert.equal(runBoth(body, { scope: { squares }, prepare }).result, 144);
  });
});

const Session = struct('session', { count: u32, expiry: timer });
const sessions = hashMap({ key: u32, value: Session, maxEntries: 8 });
const expired = arrayMap({ value: u64, maxEntries: 8 });
/** Starts timers that count the first entry twice, the second once, the third never. */
const TIMERS = {
  before: `
    function expire(key: u32, session: Infer<typeof Session>): void {
      const times = expired.lookup(key);
      expired.update(key, (times ?? 0n) + 1n);
      session.count += 1;
      if (session.count === 11) restartTimer(session, 1_000_000n);
    }`,
  body: `
    for (const key of range(3)) {
      sessions.update(key, { count: key === 0 ? 10 : 20 });
      const session = sessions.lookup(key);
      if (session && startTimer(sessions, session, 2_000_000n, expire) !== 0) return 99;
    }
    const third = sessions.lookup(2);
    if (!third) return 98;
    const missing = sessions.lookup(7);
    if (missing) startTimer(sessions, missing, 1n, (key) => { sessions.delete(key); });
    return u32(cancelTimer(third)) + u32(cancelTimer(third));`,
  scope: { Session, sessions, expired },
};

describe('timers', { skip: needsRoot }, () => {
  test('fire in the kernel', async () => {
    const { code, specs } = compiled(TIMERS.body, TIMERS)[1] ?? assert.fail();
    const maps = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, createMap(spec)]));
    const { sessions: table, expired: counts } = maps as never as Tables;
    const program = loadProgram({ type: 'xdp', name: 'timers', code, license: 'GPL' }, { maps });
    try {
      assert.equal(program.testRun({ data: new Uint8Array(64) }).result, 1);
      await setTimeout(50);
      assert.deepEqual(
        [0, 1, 2].map((key) => counts?.get(key)),
        [2n, 1n, 0n],
      );
      assert.deepEqual(
        [0, 1, 2].map((key) => table?.get(key)),
        [{ count: 12 }, { count: 21 }, { count: 20 }],
      );
    } finally {
      program.close();
      for (const map of Object.values(maps)) map.close();
    }
  });

  for (const index of [0, 1]) {
    test(`fire in the interpreter when time passes, ${index === 0 ? 'without' : 'with'} passes`, () => {
      const { code, specs } = compiled(TIMERS.body, TIMERS)[index] ?? assert.fail();
      const machine = new Machine({ code, maps: specs });
      assert.equal(machine.run(xdpContext(new Uint8Array(64))).result, 1);
      const { sessions: table, expired: counts } = machine.maps as never as Tables;
      const seen = () => [0, 1, 2].map((key) => counts?.get(key));
      machine.advance(1_999_999n);
      assert.deepEqual(seen(), [0n, 0n, 0n]);
      machine.advance(1n);
      assert.deepEqual(seen(), [1n, 1n, 0n]);
      machine.advance(5_000_000n);
      assert.deepEqual(seen(), [2n, 1n, 0n]);
      assert.deepEqual(table?.get(0), { count: 12 });
      assert.equal(machine.clock(), 7_000_000n);
    });
  }

  test('end with their entry', () => {
    const { code, specs } = compiled(TIMERS.body, TIMERS)[1] ?? assert.fail();
    const machine = new Machine({ code, maps: specs });
    machine.run(xdpContext(new Uint8Array(64)));
    const { sessions: table, expired: counts } = machine.maps as never as Tables;
    table?.delete(0);
    table?.set(1, { count: 20 });
    machine.advance(5_000_000n);
    assert.deepEqual(
      [0, 1, 2].map((key) => counts?.get(key)),
      [0n, 0n, 0n],
    );
  });
});

test('bytes of the packet by copy', { skip: needsRoot }, () => {
  const body = `
    const head = ctx.load(Pair, 10);
    if (!head) return 0;
    head.first += 1;
    if (ctx.store(Pair, 20, head) !== 0 || ctx.store(u16, 62, 0x0403) !== 0) return 1;
    if (ctx.load(Pair, 57) !== null || ctx.store(Pair, 57, { first: 1, second: 2 }) === 0) return 2;
    const copied = ctx.load(u32, 20);
    const last = ctx.load(u16, 62);
    if (copied === null || last === null) return 3;
    return copied + u32(last);`;
  const packet = new Uint8Array(64).fill(0);
  packet[10] = 41;
  const Pair = struct('pair', { first: u32, second: u32 });
  assert.equal(runBoth(body, { scope: { Pair }, packet }).result, 42 + 0x0403);
});

test('an array is copied to where it is on the stack, however that is aligned', { skip: needsRoot }, () => {
  const From = struct('from', { count: u32, mac: bytes(6) });
  const To = struct('to', { port: be16, mac: bytes(6), count: u32 });
  const peers = arrayMap({ value: From, maxEntries: 1 });
  const copies = arrayMap({ value: To, maxEntries: 1 });
  const mac = [1, 2, 3, 4, 5, 6];
  const body = `
    const peer = peers.lookup(0);
    if (!peer) return 0;
    const copy = zeroed(To);
    copy.mac = peer.mac;
    copy.count = peer.count;
    copies.update(0, copy);
    return 1;`;
  const { found } = runBoth(body, {
    scope: { peers, copies, To },
    prepare: (maps) => maps.peers?.set(0, { count: 7, mac: Uint8Array.from(mac) }),
    read: (maps) => maps.copies?.get(0),
  });
  assert.deepEqual(found, { port: 0, mac: Uint8Array.from(mac), count: 7 });
});
