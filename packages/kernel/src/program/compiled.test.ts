/**
 * Declared programs, compiled before, become programs of the kernel: their configs decide what they do and which maps they
 * have. The code is written as IR here; e2e/modules.test.ts does the same from TypeScript.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayMap, bool, compiled, config, u32, u64, xdp } from '@waggle/bpf';
import { parseIr, programToJson } from '@waggle/compiler';
import { createMap } from '../map/create.ts';
import type { KernelMap } from '../map/map.ts';
import { needsRoot } from '../testing/lab.ts';
import { FRAME } from '../testing/programs.ts';
import { loadDeclared } from './compiled.ts';

const counter = arrayMap({ value: u64, maxEntries: 1 });
const settings = config({ enabled: bool, verdict: u32 });

/** Counts the packet when that is enabled; returns the verdict of the config. */
const COUNT = parseIr(`program xdp

function count(%0: context): i32
b0:
  %1: i32 = config settings enabled
  %2: i32 = const 0
  %3: i32 = config settings verdict
  branch equal %1 %2 ? b3 : b1
b1:
  %4: stack = stackSlot size 4 alignment 4
  store u32 %4 +0 %2
  %6: map = mapReference counter
  %7: mapValue? = callHelper map_lookup_elem %6 %4
  %8: mapValue? = const 0
  branch equal %7 %8 ? b3 : b2
b2:
  %5: i64 = const 1
  atomic add u64 %7 +0 %5
  jump b3
b3:
  return %3
`);
const bindings = () => ({ maps: { counter }, configs: { settings } });
const count = xdp(compiled(programToJson('count', COUNT), bindings));
const on = { settings: { enabled: true, verdict: 2 } };

test('a declared program runs with its config, and its map is created', { skip: needsRoot }, () => {
  using loaded = loadDeclared(count, { config: on });
  assert.equal(loaded.program.testRun({ data: FRAME, repeat: 3 }).result, 2);
  assert.equal(loaded.map(counter).get(0), 3n);
  assert.deepEqual(Object.keys(loaded.maps), ['counter']);
  assert.equal(loaded.program.name, 'count');
  assert.equal(loaded.map(counter).info().name, 'counter');
});

test('code that a config rules out is not loaded, nor its map created', { skip: needsRoot }, () => {
  using loaded = loadDeclared(count, { config: { settings: { enabled: false, verdict: 1 } } });
  assert.equal(loaded.program.testRun({ data: FRAME }).result, 1);
  assert.deepEqual(loaded.maps, {});
  assert.deepEqual(loaded.program.info().mapIds, []);
  assert.equal(loaded.program.info().translatedSize, 16, 'two instructions are left');
  assert.throws(() => loaded.map(counter), { code: 'NOT_FOUND', message: /uses no map counter/ });
});

test('programs that differ in a number keep their own', { skip: needsRoot }, () => {
  const load = (verdict: number) =>
    loadDeclared(count, { config: { settings: { enabled: false, verdict } } });
  using first = load(1);
  using second = load(3);
  using third = load(1);
  const verdicts = [first, second, third].map(({ program }) => program.testRun({ data: FRAME }).result);
  assert.deepEqual(verdicts, [1, 3, 1]);
});

test('programs share the maps that they are given, and leave them open', { skip: needsRoot }, () => {
  using shared = createMap(counter, { name: 'shared' });
  for (const name of ['one', 'two']) {
    using loaded = loadDeclared(count, { config: on, maps: { counter: shared }, name });
    loaded.program.testRun({ data: FRAME });
    assert.equal(loaded.map(counter), shared);
    assert.equal(loaded.program.name, name);
  }
  assert.equal(shared.get(0), 2n);
});

test('nothing is left of what was created', { skip: needsRoot }, () => {
  const created: KernelMap[] = [];
  {
    using loaded = loadDeclared(count, { config: on });
    created.push(...Object.values(loaded.maps));
  }
  assert.deepEqual(
    created.map(({ closed }) => closed),
    [true],
  );
});

test('what is missing or wrong is named before anything is loaded', () => {
  const cases: [Parameters<typeof loadDeclared>[1], string, RegExp][] = [
    [{}, 'MISSING_FIELD', /program "count" needs the values of its config "settings"/],
    [{ config: { settings: { enabled: true } } }, 'MISSING_FIELD', /lacks the field "verdict"/],
    [{ config: { settings: { enabled: 1, verdict: 2 } } }, 'WRONG_TYPE', /enabled: expects a boolean, got 1/],
  ];
  for (const [options, code, message] of cases) {
    assert.throws(() => loadDeclared(count, options), { code, message });
  }
  assert.throws(() => loadDeclared(xdp(() => 2)), { code: 'BAD_DECLARATION', message: /is not compiled/ });
  const old = xdp(compiled({ ...programToJson('count', COUNT), version: 0 }, bindings));
  assert.throws(() => loadDeclared(old), { code: 'NOT_SUPPORTED', message: /format 0/ });
});

test('a map that is not declared is named', { skip: needsRoot }, () => {
  const broken = xdp(compiled(programToJson('count', COUNT), () => ({ maps: {}, configs: { settings } })));
  assert.throws(() => loadDeclared(broken, { config: on }), {
    code: 'NOT_FOUND',
    message: /program "count" uses the map "counter", which is not declared/,
  });
});
