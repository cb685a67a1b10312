/** A program that is kept is the same one again, as long as nothing is different that the kernel would see. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { arrayMap, compiled, config, u32, u64, xdp } from '@waggle/bpf';
import { parseIr, programToJson } from '@waggle/compiler';
import { createMap } from '../map/create.ts';
import { needsRoot, uniqueName } from '../testing/lab.ts';
import { type LoadDeclaredOptions, loadDeclared } from './compiled.ts';

const counter = arrayMap({ value: u64, maxEntries: 1 });
const settings = config({ verdict: u32 });
const VERDICT = parseIr(`program xdp

function verdict(%0: context): i32
b0:
  %1: i32 = const 0
  %2: stack = stackSlot size 4 alignment 4
  store u32 %2 +0 %1
  %3: map = mapReference counter
  %4: i64 = callHelper map_delete_elem %3 %2
  %5: i32 = config settings verdict
  return %5
`);
const verdict = xdp(
  compiled(programToJson('verdict', VERDICT), () => ({ maps: { counter }, configs: { settings } })),
);
const directory = `/sys/fs/bpf/${uniqueName()}`;

before(() => {
  if (!needsRoot) mkdirSync(directory);
});
after(() => {
  if (needsRoot) return;
  for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
  rmdirSync(directory);
});

/** The id of the program that one gets. */
function idOf(verdictOf: number, options: LoadDeclaredOptions): number {
  using loaded = loadDeclared(verdict, {
    ...options,
    config: { settings: { verdict: verdictOf } },
    keep: directory,
  });
  assert.equal(loaded.program.name, options.name ?? 'verdict');
  return loaded.program.info().id;
}

test('it is the same, also when nobody had it meanwhile', { skip: needsRoot }, () => {
  using map = createMap(counter);
  const maps = { counter: map };
  const first = idOf(1, { maps });
  assert.equal(idOf(1, { maps }), first);
  assert.deepEqual(
    readdirSync(directory).map((name) => name.replace(/[0-9a-f]{32}$/, '…')),
    ['verdict-…'],
  );
});

test('another number, map or flag makes another, and takes its place', { skip: needsRoot }, () => {
  using map = createMap(counter);
  using other = createMap(counter);
  const changes: [number, LoadDeclaredOptions][] = [
    [1, { maps: { counter: map } }],
    [2, { maps: { counter: map } }],
    [2, { maps: { counter: other } }],
    [2, { maps: { counter: other }, flags: 1 << 5 }],
  ];
  const ids = changes.map(([number, options]) => idOf(number, options));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(readdirSync(directory).length, 1);
});

test('programs of other names stay', { skip: needsRoot }, () => {
  using map = createMap(counter);
  const maps = { counter: map };
  const [first, second] = [idOf(1, { maps, name: 'first' }), idOf(1, { maps, name: 'first.2' })];
  assert.notEqual(second, first);
  assert.equal(idOf(1, { maps, name: 'first' }), first);
});
