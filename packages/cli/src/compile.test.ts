/** `waggle compile` as users have it: what it prints and writes, and what it says of programs that do not compile. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { passes } from '@waggle/compiler';
import { run } from './run.ts';

const SOURCE = fileURLToPath(new URL('./testing/count.bpf.ts', import.meta.url));
// Beside the source, where @waggle/bpf can be imported from.
const folder = mkdtempSync(fileURLToPath(new URL('./testing/compile-', import.meta.url)));
const DROP = 'settings.drop=true';
after(() => rmSync(folder, { recursive: true }));

async function compile(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const status = await run(['compile', ...args], { stdout: stream('stdout'), stderr: stream('stderr') });
  return { ...written, status };
}

/** A variant of the program in a file of its own. */
function variant(name: string, change: (text: string) => string): string {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(SOURCE, 'utf8')));
  return path;
}

describe('what is emitted', () => {
  test('instructions with the lines they come from', async () => {
    const { stdout, stderr, status } = await compile(SOURCE, '--config', 'settings.drop=true');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /^; count \(xdp\): \d+ instructions, maps traffic\n/);
    assert.match(stdout, /; const seen = traffic\.lookup\(0\); @ .*count\.bpf\.ts:9\n/);
    assert.match(stdout, /r1 = map\[traffic\] ll/);
    assert.match(stdout, /\n; pass \(xdp\): 2 instructions\n/);
    assert.match(stdout, /[rw]0 = 2\n {2}exit\n$/);
  });

  test('one program, as IR', async () => {
    const { stdout } = await compile(SOURCE, '--program', 'pass', '--emit', 'ir');
    assert.match(stdout, /^; pass \(xdp\): 2 instructions\nprogram xdp\n\nfunction pass\(/);
    assert.doesNotMatch(stdout, /function count/);
  });

  test('an object', async () => {
    const output = join(folder, 'count.o');
    const { stdout } = await compile(SOURCE, '-c', 'settings.drop=false', '-o', output);
    assert.match(stdout, /count\.o: count \(\d+ instructions\), pass \(2 instructions\)\n$/);
    assert.deepEqual([...readFileSync(output).subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
  });

  test('a module, which keeps its config for later', async () => {
    const output = join(folder, 'count.bpf.js');
    const { stdout, status } = await compile(SOURCE, '-o', output);
    assert.equal(status, 0);
    assert.equal(stdout, `${output}\n`);
    assert.match(readFileSync(output, 'utf8'), /export const count = xdp\(waggle\$compiled\(/);
  });

  test('optimisations by name, all or none', async () => {
    const emit = async (...args: string[]) => {
      const { stdout, stderr } = await compile(SOURCE, '-c', DROP, '-p', 'count', '-e', 'ir', ...args);
      assert.equal(stderr, '');
      return stdout;
    };
    const names = passes.map(({ name }) => name);
    const [all, none, some] = [
      await emit(),
      await emit('--passes', 'none'),
      await emit('--passes', 'branches'),
    ];
    assert.equal(new Set([all, none, some]).size, 3);
    assert.ok(all.length < some.length && some.length < none.length);
    assert.equal(await emit('--without', 'none'), all);
    assert.equal(await emit('--passes', names.join(',')), all);
    assert.equal(await emit('--without', names.filter((name) => name !== 'branches').join(',')), some);
  });

  test('the name of the output says what it is to be', async () => {
    const output = join(folder, 'pass.ir');
    assert.equal((await compile(SOURCE, '-p', 'pass', '-o', output)).status, 0);
    assert.match(readFileSync(output, 'utf8'), /^; pass .*\nprogram xdp\n/);
  });

  test('several faults are all shown', async () => {
    const file = variant('faults.bpf.ts', (text) =>
      text.replace('+= 1n', '+= 1').replace('xdp(() => Xdp.Pass)', 'xdp(() => Xpd.Pass)'),
    );
    const { stderr, status } = await compile(file);
    assert.equal(status, 1);
    assert.deepEqual(stderr.match(/ - W\d+/g), [' - W201', ' - W401']);
    assert.match(stderr, /\n2 errors\n$/);
  });

  test('other values of a config, other code', async () => {
    const [drop, pass] = await Promise.all(
      ['true', 'false'].map((value) => compile(SOURCE, '-c', `settings.drop=${value}`, '-p', 'count')),
    );
    assert.match(drop?.stdout ?? '', /[rw]0 = 1\n/);
    assert.doesNotMatch(pass?.stdout ?? '', /[rw]0 = 1\n/);
  });
});

describe('what does not compile', () => {
  test('a fault is shown with its line, a mark and a hint', async () => {
    const file = variant('faulty.bpf.ts', (text) => text.replace('  if (!seen) return Xdp.Aborted;\n', ''));
    const { stdout, stderr, status } = await compile(file, '-c', 'settings.drop=true');
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /faulty\.bpf\.ts:10:3 - W301: This may be null: seen\n/);
    assert.match(stderr, /\n {3}10 \| {3}seen\.packets \+= 1n;\n {6}\| {3}\^{4}/);
    assert.match(stderr, /\n {8}Test it first: if \(!seen\) return …\n\n1 error\n$/);
  });

  test('a syntax error is one of the faults', async () => {
    const file = variant('broken.bpf.ts', (text) => text.replace('= xdp(() =>', '= = xdp(() =>'));
    const { stderr, status } = await compile(file);
    assert.equal(status, 1);
    assert.match(stderr, /broken\.bpf\.ts:8:22 - W100: Syntax error: Expression expected/);
  });

  test('a module that fails says so, with its line', async () => {
    const file = variant('failing.bpf.ts', (text) => text.replace('maxEntries: 1', 'maxEntries: 0'));
    const { stderr, status } = await compile(file);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^waggle: .*failing\.bpf\.ts:5 does not run: array needs maxEntries to be an integer/,
    );
  });
});

describe('wrong usage and what is missing', () => {
  const cases: [string[], number, RegExp][] = [
    [[join(folder, 'none.bpf.ts')], 1, /^waggle: there is no file .*none\.bpf\.ts/],
    [
      [SOURCE],
      1,
      /program "count" needs the values of its config "settings"\. Give them: --config settings\.drop=…/,
    ],
    [[SOURCE, '-p', 'cuont'], 1, /declares no program "cuont"\. There are count, pass/],
    [[SOURCE, '-c', 'drop'], 2, /It looks like settings\.udp=true/],
    [
      [SOURCE, '-c', DROP, '-c', 'setings.drop=true'],
      1,
      /reads a config "setings"\. Did you mean "settings"\?/,
    ],
    [
      [SOURCE, '-p', 'pass', '-c', DROP],
      1,
      /no program here reads a config "settings"\. They read no config/,
    ],
    [[SOURCE, '-c', 'settings.dorp=true'], 1, /no field "dorp"\. Did you mean "drop"\?/],
    [[SOURCE, '-c', DROP, '--without', 'flod'], 2, /There is no optimisation "flod"\. Did you mean fold\?/],
    [[SOURCE, '-c', DROP, '--passes', 'all'], 2, /There is no optimisation "all"\. They are inline, /],
    [[SOURCE, '--passes', 'fold', '--without', 'fold'], 2, /'--without .*' cannot be used with .*'--passes/],
    [[folder], 1, /^waggle: .* is no file\. Name the module/],
    [[SOURCE, '-c', DROP, '-o', join(folder, 'no', 'x.o')], 1, /^waggle: .*x\.o cannot be written: ENOENT/],
    [[SOURCE, '-c', 'settings.drop=7'], 1, /drop: expects a boolean, got 7/],
    [[SOURCE, '-e', 'js', '--cpu', '4'], 2, /do not go with --emit js/],
    [[SOURCE, '-o', 'other.js'], 2, /the module is called count\.bpf\.js/],
  ];
  for (const [args, expected, message] of cases) {
    test(`compile ${args.map((arg) => basename(arg)).join(' ')}`, async () => {
      const { stdout, stderr, status } = await compile(...args);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(status, expected);
    });
  }
});
