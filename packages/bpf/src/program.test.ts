import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as addressPrograms from './address-programs.ts';
import { cgroupConnect4 } from './address-programs.ts';
import * as packetPrograms from './packet-programs.ts';
import { tc, xdp } from './packet-programs.ts';
import { isProgramDeclaration, type ProgramDeclaration, sectionOf } from './program.ts';
import type { XdpContext } from './program-contexts.ts';
import { programTypes } from './program-types.ts';
import { be16, u8, u32 } from './scalar.ts';
import * as socketPrograms from './socket-programs.ts';
import { skLookup } from './socket-programs.ts';
import { struct } from './struct.ts';
import * as tracingPrograms from './tracing-programs.ts';
import { fentry, kprobe, perfEvent, syscall, tracepoint, uprobe } from './tracing-programs.ts';
import { Cgroup, Sk, Tc, Xdp } from './verdicts.ts';

test('every program type of the table has a constructor of its name', () => {
  const constructors = { ...packetPrograms, ...addressPrograms, ...socketPrograms, ...tracingPrograms };
  assert.deepEqual(Object.keys(constructors).sort(), Object.keys(programTypes).sort());
  const sections = Object.values(programTypes).map((info) => info.section);
  assert.equal(new Set(sections).size, sections.length);
});

test('a declaration is plain data, with the body for the compiler', () => {
  const body = () => Xdp.Pass;
  const program = xdp(body, { name: 'balance', license: 'GPL' });
  assert.deepEqual(program, { kind: 'program', type: 'xdp', body, name: 'balance', license: 'GPL' });
  assert.ok(Object.isFrozen(program) && isProgramDeclaration(program));
  assert.deepEqual(tc(body), { kind: 'program', type: 'tc', body });
  assert.equal(kprobe('tcp_connect', () => {}).target, 'tcp_connect');
  assert.ok(!isProgramDeclaration({ kind: 'map' }) && !isProgramDeclaration(undefined));
});

test('sections are those of libbpf', () => {
  assert.equal(sectionOf(xdp(() => Xdp.Drop)), 'xdp');
  assert.equal(sectionOf(cgroupConnect4(() => Cgroup.Allow)), 'cgroup/connect4');
  assert.equal(sectionOf(skLookup(() => Sk.Pass)), 'sk_lookup');
  assert.equal(sectionOf(tracepoint('sched/sched_switch', () => {})), 'tracepoint/sched/sched_switch');
  assert.equal(sectionOf(fentry('tcp_connect', () => {})), 'fentry/tcp_connect');
  assert.equal(sectionOf(uprobe('/bin/bash:readline+0x10', () => {})), 'uprobe//bin/bash:readline+0x10');
  assert.equal(sectionOf(perfEvent(() => {})), 'perf_event');
  assert.equal(sectionOf(syscall(() => 0)), 'syscall');
});

test('declarations that cannot be', () => {
  const pass = () => 0;
  const refused: [() => unknown, string][] = [
    // @ts-expect-error a verdict is no body
    [() => xdp(2), 'xdp needs a function as its body, got 2'],
    // @ts-expect-error no options
    [() => xdp(pass, null), 'xdp needs an object of options, got null'],
    // @ts-expect-error no such option
    [() => xdp(pass, { licence: 'GPL' }), 'xdp has no option "licence". Did you mean "license"?'],
    [
      () => xdp(pass, { name: 'balance_everything' }),
      'xdp cannot be called "balance_everything": the kernel keeps 15 characters of a name. Use a shorter one, such as "balance_everyth"',
    ],
    [
      () => xdp(pass, { license: '' }),
      'xdp cannot have the license "". Use a name such as GPL or Dual MIT/GPL',
    ],
    [
      () => tracepoint('sched_switch', pass),
      'tracepoint cannot be for "sched_switch". Its target looks like sched/sched_switch',
    ],
    [
      () => kprobe('tcp connect', pass),
      'kprobe cannot be for "tcp connect". Its target looks like tcp_connect',
    ],
    [
      () => uprobe('malloc', pass),
      'uprobe cannot be for "malloc". Its target looks like /usr/lib/libc.so.6:malloc',
    ],
    // @ts-expect-error the target is missing
    [() => fentry(pass), 'fentry cannot be for a function. Its target looks like tcp_connect'],
  ];
  for (const [declare, message] of refused) assert.throws(declare, { code: 'BAD_DECLARATION', message });
});

test('tsc knows contexts, and asks for the null check of the verifier', () => {
  const Ethernet = struct('ethernet', { protocol: be16, tail: u8 }, { packed: true });
  const program = xdp((context) => {
    const header = context.at(Ethernet, 12);
    // @ts-expect-error the packet may end before
    const early = header.protocol;
    if (!header) return Xdp.Pass;
    header.protocol = early;
    const port: be16 = header.protocol;
    // @ts-expect-error the queue cannot be assigned
    context.receiveQueue = 1;
    // @ts-expect-error pointers are not for programs
    const pointer = context.data;
    return port === 0 ? pointer : context.length;
  });
  const any: ProgramDeclaration = program;
  assert.equal(any.type, 'xdp');
  tc((context) => {
    context.mark = context.mark + 1;
    // @ts-expect-error the hash cannot be assigned
    context.hash = 1;
    return Tc.Ok;
  });
  cgroupConnect4((context) => {
    context.userIp4 = 0x7f00_0001;
    // @ts-expect-error a body for another context
    xdp((other: typeof context) => other.type);
    return Cgroup.Allow;
  });
  // @ts-expect-error an answer that is no number
  xdp(() => 'pass');
  // @ts-expect-error a declaration of another type
  const wrong: ProgramDeclaration<'tc'> = xdp((context: XdpContext) => context.egressInterface);
  assert.equal(wrong.type, 'xdp');
  assert.equal(u32.size, 4);
});
