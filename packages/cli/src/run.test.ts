/** The command line as users have it: its output and its exit code; `doctor` as a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WaggleError } from '@waggle/bpf';
import { passes } from '@waggle/compiler';
import { featureGroups } from '@waggle/kernel';
import { PASS_NAMES } from './compile-options.ts';
import { FEATURE_GROUPS } from './doctor.ts';
import type { DoctorReport } from './doctor-report.ts';
import { errorText } from './run.ts';
import { waggle } from './testing/capture.ts';

const isRoot = process.getuid?.() === 0;

/** Runs the command in a process, in a locale without UTF-8. */
function spawnWaggle(...args: string[]) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const node = ['--conditions=source', '--import', 'tsx', main, ...args];
  return spawnSync(process.execPath, node, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}

describe('waggle doctor', () => {
  const { stdout, stderr, status } = spawnWaggle('doctor', '-o', 'json');
  const report: DoctorReport = JSON.parse(stdout);

  test('prints JSON and nothing else', () => {
    assert.equal(stderr, '');
    assert.match(report.kernel, /^\d+\.\d+/);
    assert.ok(report.features.length > 150);
    for (const { name, available, reason, detail } of report.features) {
      assert.ok(available || (reason !== undefined && detail !== undefined), name);
    }
  });

  test('exits with 0 exactly when waggle can run here', () => {
    assert.equal(status, report.verdict.ready ? 0 : 1);
    assert.equal(report.verdict.ready, report.verdict.missing.length === 0);
  });

  test('finds this host ready', { skip: isRoot ? false : 'needs root' }, () => {
    assert.deepEqual(report.verdict, { ready: true, missing: [] });
    assert.equal(report.privileges.sufficient, true);
  });

  test('shows only the groups that are asked for, within 100 columns', async () => {
    const { stdout: text } = await waggle('doctor', '--group', 'network');
    const lines = text.split('\n');
    assert.ok(lines.some((line) => /^\S \d of 9 kinds of network devices$/.test(line)));
    assert.ok(!lines.some((line) => line.includes('map types')));
    assert.ok(lines.every((line) => line.length <= 100));
  });
});

test('waggle version and waggle --version say what a report of a fault begins with', async () => {
  const { stdout, status } = await waggle('--version');
  assert.match(stdout, /^waggle \d+\.\d+\.\d+ \(node v\d+\.\d+\.\d+, Linux \d+\.\d+\S* \w+\)\n$/);
  assert.equal(status, 0);
  assert.ok((await waggle('version')).stdout.startsWith(stdout));
});

test('help has examples, and is no error', async () => {
  const { stdout, status } = await waggle('help', 'doctor');
  assert.match(stdout, /Examples:\n {2}waggle doctor /);
  assert.equal(status, 0);
});

describe('wrong usage ends with 2 and a sentence on stderr', () => {
  const cases: [string[], RegExp][] = [
    [['docter'], /^waggle: unknown command 'docter'\n\(Did you mean doctor\?\)/],
    [['doctor', '--al'], /^waggle: unknown option '--al'\n\(Did you mean --all\?\)/],
    [['doctor', '--group', 'nets'], /^waggle: option '-g, --group <group...>' argument 'nets' is invalid/],
    [['doctor', 'now'], /^waggle: too many arguments/],
    [[], /^Usage: waggle/],
  ];
  for (const [args, message] of cases) {
    test(`waggle ${args.join(' ')}`, async () => {
      const { stdout, stderr, status } = await waggle(...args);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(status, 2);
    });
  }
});

describe('an error', () => {
  const error = new WaggleError('NOT_FOUND', 'there is no map "x"', { hint: 'Load it first' });

  test('is one sentence and what to do next', () => {
    assert.equal(errorText(error, undefined), 'there is no map "x". Load it first');
  });

  test('has a stack for those who ask for it', () => {
    assert.match(errorText(error, '1'), /there is no map "x"[\s\S]*\n {4}at /);
    assert.doesNotMatch(errorText(error, '0'), /\n {4}at /);
  });

  test('that nobody expected says so', () => {
    assert.match(
      errorText(new TypeError('x is undefined'), ''),
      /^unexpected error: x is undefined\n.*WAGGLE_DEBUG=1/,
    );
  });
});

test('help says by heart what the kernel library and the compiler say', () => {
  assert.deepEqual(FEATURE_GROUPS, featureGroups);
  assert.deepEqual(
    PASS_NAMES,
    passes.map(({ name }) => name),
  );
});

test('an option behind a command is that of the command: monitor -v does not print the version', async () => {
  const { stdout, stderr } = await waggle('monitor', '-v', '--socket', '/none');
  assert.equal(stdout, '');
  assert.match(stderr, /^waggle: No agent is running/);
  assert.match((await waggle('-v')).stdout, /^waggle \d/);
});
