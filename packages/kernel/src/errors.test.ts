import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import { check, KernelError } from './errors.ts';
import { probe } from './probe/index.ts';
import { loadProgram } from './program/load.ts';
import { errno, errnoName, errnoText } from './sys/errno.ts';
import { needsRoot } from './testing/lab.ts';
import { returning, specOf } from './testing/programs.ts';

test('an error names operation, object, errno and what to do', () => {
  const error = new KernelError('create', 'map "counters"', errno.EPERM, { hint: 'Run as root' });
  assert.equal(error.message, 'create map "counters": EPERM (operation not permitted). Run as root');
  assert.deepEqual(
    [error.code, error.errno, error.errnoName, error.operation, error.object, error.hint],
    ['DENIED', 1, 'EPERM', 'create', 'map "counters"', 'Run as root'],
  );
  assert.ok(error instanceof WaggleError);
});

test('an errno has a code unless the caller knows better', () => {
  const codeOf = (number: number) => new KernelError('do', 'it', number).code;
  assert.equal(codeOf(errno.ENOENT), 'NOT_FOUND');
  assert.equal(codeOf(errno.EEXIST), 'EXISTS');
  assert.equal(codeOf(errno.ENOTSUPP), 'NOT_SUPPORTED');
  assert.equal(codeOf(errno.EIO), 'SYSTEM');
  assert.equal(new KernelError('do', 'it', errno.E2BIG, { code: 'INVALID' }).code, 'INVALID');
});

test('results pass, failures throw', () => {
  assert.equal(check(3, 'open', 'file'), 3);
  assert.throws(
    () => check(-errno.EBUSY, 'open', 'file'),
    /^KernelError: open file: EBUSY \(resource busy or locked\)$/,
  );
});

test('error numbers have names and words, also those that only bpf(2) lets out', () => {
  assert.equal(errnoName(524), 'ENOTSUPP');
  assert.equal(errnoText(524), 'operation is not supported');
  assert.equal(errnoName(95), 'EOPNOTSUPP');
  assert.equal(errnoName(9999), 'errno 9999');
  assert.equal(errnoText(9999), 'unknown error');
});

test('a program type that the kernel refuses is explained', { skip: needsRoot }, (t) => {
  const missing = (['fentry', 'lsm'] as const).find((type) => !probe(`program ${type}`).available);
  if (!missing) return t.skip('this kernel has all program types');
  const target = missing === 'fentry' ? 'tcp_v4_rcv' : 'file_open';
  assert.throws(
    () => loadProgram(specOf(missing, returning(0), { target })),
    (error: unknown) => {
      assert.ok(error instanceof KernelError);
      assert.ok(['LOCKED_DOWN', 'NOT_SUPPORTED', 'DENIED'].includes(error.code), error.code);
      assert.match(error.message, /^load program "test": E\w+ \(.*\)\. No .* here: /);
      return true;
    },
  );
});

/** Root without a single capability: it may read the sources, but create nothing. */
const powerless = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs'];
const noSetpriv =
  needsRoot ||
  (spawnSync('setpriv', [...powerless, 'true']).status === 0 ? false : 'needs setpriv of util-linux');

test('without privilege every refusal says which one is missing', { skip: noSetpriv }, () => {
  const script = `
    import { createMap, loadProgram, NetworkNamespace } from '@waggle/kernel';
    import { lruHashMap, u32 } from '@waggle/bpf';
    import { assemble, alu64, exit, r0 } from '@waggle/compiler';
    const code = assemble([alu64.mov(r0, 2), exit()]);
    for (const attempt of [
      () => createMap(lruHashMap({ name: 'm', key: u32, value: u32, maxEntries: 1 })),
      () => loadProgram({ type: 'xdp', name: 'p', code }),
      () => NetworkNamespace.createAnonymous(),
    ]) {
      try { attempt(); console.log('done'); } catch (error) { console.log(error.code + ' ' + error.message); }
    }`;
  const node = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', script];
  const cwd = new URL('..', import.meta.url).pathname;
  const { stdout, stderr } = spawnSync('setpriv', [...powerless, process.execPath, ...node], {
    cwd,
    encoding: 'utf8',
  });
  const [map, program, namespace] = stdout.split('\n');
  assert.match(map ?? '', /^DENIED create map "m": EPERM .*CAP_BPF/, stderr);
  assert.match(program ?? '', /^DENIED load program "p": EPERM .*CAP_/);
  assert.match(namespace ?? '', /^DENIED create a network namespace: EPERM .*CAP_SYS_ADMIN/);
});
