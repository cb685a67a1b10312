/** The probes in a process without privileges: everything that takes one is denied, with a reason, and nothing crashes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsRoot } from '../testing/lab.ts';
import type { Feature, ProbeResult } from './feature.ts';

const NOBODY = 65534;

/** Prints every feature's group and result. */
const script = `
  const { features, probe } = await import(process.argv[1]);
  console.log(JSON.stringify([...features.values()].map(({ name, group }) => [name, group, probe(name)])));
`;

function probeAsNobody(): { results: [string, Feature['group'], ProbeResult][] } | { skip: string } {
  const index = fileURLToPath(new URL('index.ts', import.meta.url));
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', script, index];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    uid: NOBODY,
    gid: NOBODY,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/' },
  });
  if (status === 0) return { results: JSON.parse(stdout) };
  // A checkout in a home directory is not for others to read.
  if (/EACCES|ERR_MODULE_NOT_FOUND|Cannot find (?:module|package)/.test(stderr)) {
    return { skip: 'user 65534 may not read this checkout' };
  }
  throw new Error(stderr);
}

const open = readFileSync('/proc/sys/kernel/unprivileged_bpf_disabled', 'utf8').trim() === '0';
const skip = needsRoot || (open ? 'bpf(2) is open to every user here' : false);

test('without privileges every feature is denied, with what is missing', { skip }, (context) => {
  const answer = probeAsNobody();
  if ('skip' in answer) return context.skip(answer.skip);
  const denied = answer.results.filter(([, group, result]) => {
    if (group === 'system' || result.available) return false;
    if (result.reason === 'denied') assert.match(result.detail, /^needs CAP_\w+/);
    return result.reason === 'denied';
  });
  const expected = answer.results.filter(([, group]) => group !== 'system');
  const others = expected.filter((entry) => !denied.includes(entry));
  // What is not there at all may say so instead.
  for (const [name, , result] of others) {
    assert.ok(
      !result.available && ['not built in', 'too old'].includes(result.reason),
      `${name}: ${JSON.stringify(result)}`,
    );
  }
  assert.ok(denied.length > 0.9 * expected.length, `${denied.length} of ${expected.length} denied`);
  const capabilities = answer.results.find(([name]) => name === 'system capabilities')?.[2];
  assert.deepEqual(capabilities, {
    available: false,
    reason: 'denied',
    detail: 'needs CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, CAP_SYS_ADMIN',
  });
});
