/**
 * Programs on the structs and functions of the running kernel (support/tracing.bpf.ts): what they read is what the kernel says
 * elsewhere. Tracepoints fire for all of the machine, so each of these programs looks for what this test does.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { provideCompiler } from '@waggle/bpf';
import { compileDeclaration, loadModule } from '@waggle/compiler/modules';
import {
  attachIterator,
  attachRawTracepoint,
  attachTracepoint,
  attachTracing,
  loadDeclared,
  readIterator,
} from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { FRAME } from '../packages/kernel/src/testing/programs.ts';

const module = await loadModule(new URL('support/tracing.bpf.ts', import.meta.url).pathname);
const programs = module.scope() as unknown as typeof import('./support/tracing.bpf.ts');
before(() => provideCompiler(compileDeclaration));
after(() => provideCompiler(undefined));

const ownCgroup = `/sys/fs/cgroup${/^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]}`;
const configOf = (port = 0) => ({
  config: { settings: { port, process: process.pid, cgroup: statSync(ownCgroup, { bigint: true }).ino } },
});
const ownName = readFileSync('/proc/self/comm', 'utf8').trim();
const self = { pid: process.pid, command: ownName };

/** A server on the loopback device, to which connections come and go. */
async function served<T>(body: (port: number, visit: () => Promise<void>) => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await body(port, async () => {
      await once(connect(port, '127.0.0.1').resume(), 'close');
    });
  } finally {
    server.close();
  }
}

describe('structs of the kernel', { skip: needsRoot }, () => {
  test('read the same through typed pointers and by address', () =>
    served(async (port, visit) => {
      const { readTyped, readRaw, typed, raw } = programs;
      using first = loadDeclared(readTyped, configOf(port));
      using second = loadDeclared(readRaw, configOf(port));
      using _first = attachTracing(first.program);
      using _second = attachRawTracepoint(second.program, 'inet_sock_set_state');
      const seen: object[] = [];
      using typedReader = first.map(typed).read((record) => seen.push(record), { manual: true });
      using rawReader = second.map(raw).read((record) => seen.push(record), { manual: true });
      await visit();
      typedReader.poll();
      rawReader.poll();
      const namespace = statSync('/proc/self/ns/net').ino;
      // libuv sets SO_REUSEADDR on what listens, and the sockets of connections inherit it.
      const expected = { namespace, family: 2, reuse: 1, reusePort: false, type: 1, protocol: 6n };
      assert.deepEqual(seen, [expected, expected]);
    }));

  test('are found in the contexts of iterators and tracepoints', () =>
    served(async (port, visit) => {
      using tasks = loadDeclared(programs.listTasks, configOf());
      using link = attachIterator(tasks.program);
      readIterator(link);
      const found = tasks.map(programs.processes);
      // Whoever reads an iterator runs it.
      assert.deepEqual([found.get(1), found.get(2)], [self, self]);

      using changes = loadDeclared(programs.countChanges, configOf(port));
      using _changes = attachTracepoint(changes.program, 'sock', 'inet_sock_set_state');
      for (let count = 0; count < 3; count++) await visit();
      assert.equal(changes.map(programs.counts).get(0), 3);
    }));
});

describe('values that hang on objects of the kernel', { skip: needsRoot }, () => {
  test('are found again, and go', () => {
    using loaded = loadDeclared(programs.countVisits, configOf());
    using link = attachIterator(loaded.program);
    const counts = loaded.map(programs.counts);
    const visit = () => {
      readIterator(link);
      return [counts.get(0), counts.get(1)];
    };
    assert.deepEqual(
      [visit(), visit(), visit(), visit()],
      [
        [100, 1],
        [1, 2],
        [2, 3],
        [100, 1],
      ],
    );
    assert.deepEqual([counts.get(2), counts.get(3)], [1, 0]);
  });
});

describe('functions of the kernel', { skip: needsRoot }, () => {
  test('find tasks', () => {
    using loaded = loadDeclared(programs.findTask, configOf());
    assert.equal(loaded.program.testRun({ data: FRAME }).result, 2);
    assert.deepEqual(loaded.map(programs.processes).get(0), self);
  });

  test('find cgroups, and who is in them', () => {
    using loaded = loadDeclared(programs.findCgroup, configOf());
    const level = ownCgroup.replace(/\/$/, '').split('/').length - '/sys/fs/cgroup'.split('/').length;
    assert.equal(loaded.program.testRun({ data: FRAME }).result, level * 100 + 10);
  });

  test('find no connection that is not there', () => {
    using loaded = loadDeclared(programs.findConnection, configOf(4));
    const ENOENT = 2;
    assert.equal(loaded.program.testRun({ data: FRAME }).result, ENOENT);
  });
});

test('the verifier takes what cannot be run here', { skip: needsRoot }, () => {
  const { probesEntry, probesReturn, readsCharacters, tracksConnections } = programs;
  for (const program of [probesEntry, probesReturn, readsCharacters, tracksConnections]) {
    loadDeclared(program).close();
  }
});

describe('what the kernel lacks', { skip: needsRoot }, () => {
  test('is said before the verifier sees the program', () => {
    assert.throws(() => loadDeclared(programs.missesField), {
      code: 'NOT_SUPPORTED',
      message:
        /^program "missesField" reads struct task_struct\.invented_field \(.*tracing\.bpf\.ts:\d+\), which this kernel does not have/,
    });
    assert.throws(() => loadDeclared(programs.missesFunction), {
      code: 'NOT_SUPPORTED',
      message:
        /^program "missesFunction" calls bpf_invented_function\(\) \(.*tracing\.bpf\.ts:\d+\), which this kernel/,
    });
  });

  test('does no harm behind fieldExists()', () => {
    using loaded = loadDeclared(programs.asksForField);
    assert.deepEqual(loaded.maps, {});
  });
});
