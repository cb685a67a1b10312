import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { mapTypes, programTypes } from '@waggle/bpf';
import { Cgroup } from '../host/cgroup.ts';
import { NetworkNamespace } from '../net/namespace.ts';
import { needsRoot } from '../testing/lab.ts';
import { featureGroups, features, probe, probeAll } from './catalogue.ts';
import type { ProbeResult } from './feature.ts';

describe('the catalogue', () => {
  test('has every row of the tables of map types and program types', () => {
    for (const type of Object.keys(mapTypes)) assert.ok(features.has(`map ${type}`), type);
    for (const type of Object.keys(programTypes)) assert.ok(features.has(`program ${type}`), type);
  });

  test('says of everything what it is and what it is good for, in one line', () => {
    for (const { name, title, since, meaning, group } of features.values()) {
      assert.match(name, /^[a-z]+ [\w ]+$/);
      assert.match(since, /^\d+\.\d+/, name);
      assert.match(title, /^\S.{3,70}[^.]$/, name);
      assert.match(meaning, /^[a-zA-Z].{10,95}[^.]$/, name);
      assert.ok(featureGroups.includes(group), name);
    }
  });

  test('does not know other names, but near ones', () => {
    assert.throws(() => probe('map hahs'), /there is no feature "map hahs". Did you mean "map hash"\?/);
    assert.throws(() => probe('teleport'), { code: 'NOT_FOUND' });
  });
});

/** What every kernel from 6.1 on has that anybody builds for a server. */
const everywhere: Readonly<Record<string, readonly string[]>> = {
  system: ['kernel', 'capabilities', 'memory accounting'],
  map: [
    'hash',
    'array',
    'lruHash',
    'lpmTrie',
    'perCpuArray',
    'hashOfMaps',
    'ringBuffer',
    'queue',
    'bloomFilter',
  ],
  program: [
    'socketFilter',
    'tc',
    'xdp',
    'cgroupSkbIngress',
    'cgroupConnect4',
    'sockOps',
    'skLookup',
    'syscall',
  ],
  attach: ['xdp generic', 'clsact', 'cgroup', 'sk_lookup', 'sockmap'],
  helper: [
    'csum_diff',
    'fib_lookup',
    'redirect_peer',
    'ringbuf_output',
    'loop',
    'timer_start',
    'user_ringbuf_drain',
  ],
  instruction: ['jumpLess', 'jump32', 'atomicFetch', 'boundedLoop', 'functionCall', 'globalData'],
  operation: [
    'map batch',
    'map freeze',
    'mmapable array',
    'ring buffer',
    'test run',
    'live frames',
    'link update',
  ],
  network: ['namespace', 'veth'],
};

/** Links, maps, programs and namespaces without a name live by the descriptors of a process. */
function stateOfProcess() {
  using home = NetworkNamespace.current();
  using root = Cgroup.root();
  return {
    namespace: home.inode,
    descriptors: readdirSync('/proc/self/fdinfo').filter(
      (fd) => fd !== String(home.fd) && fd !== String(root.fd),
    ),
    groups: readdirSync(root.directory).filter((name) => name.startsWith(`waggle-probe-${process.pid}-`)),
  };
}

describe('probes', { skip: needsRoot }, () => {
  test('find what every kernel has, know why something is missing, and leave nothing behind', () => {
    const before = stateOfProcess();
    const start = performance.now();
    const results = probeAll();
    const duration = performance.now() - start;

    for (const [prefix, names] of Object.entries(everywhere)) {
      for (const name of names) assertAvailable(`${prefix} ${name}`, results.get(`${prefix} ${name}`));
    }
    assert.equal(results.size, features.size);
    for (const [name, result] of results) {
      assert.ok(
        result.available || (result.reason !== 'unclear' && result.reason !== 'denied'),
        describeResult(name, result),
      );
    }
    assert.ok(duration < 5000, `all probes took ${duration} ms`);

    assert.deepEqual(stateOfProcess(), before);
    assert.deepEqual(before.groups, []);
  });

  test('answer twice what they found once', () => {
    assert.equal(probe('map hash'), probe('map hash'));
    assert.deepEqual(
      [...probeAll(['maps']).keys()],
      Object.keys(mapTypes).map((type) => `map ${type}`),
    );
  });
});

function assertAvailable(name: string, result: ProbeResult | undefined): void {
  assert.ok(result?.available, describeResult(name, result));
}

function describeResult(name: string, result: ProbeResult | undefined): string {
  return `${name}: ${JSON.stringify(result)}`;
}
