/**
 * What `tsc` refuses in a program by types alone, before our compiler sees it: `npm run check` fails when one of these lines is
 * accepted. The bodies are never run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrayMap,
  be16,
  be32,
  config,
  hashMap,
  type Infer,
  isProgramDeclaration,
  struct,
  type u8,
  type u16,
  u32,
  u64,
  Xdp,
  xdp,
} from './index.ts';

const Key = struct('key', { address: be32, port: be16 });
const Value = struct('value', { count: u64, limit: u32 });
const table = hashMap({ key: Key, value: Value, maxEntries: 4 });
const totals = arrayMap({ value: u64, maxEntries: 4 });
const settings = config({ limit: u32 });

const program = xdp((ctx) => {
  const port: u16 = 80;
  const network: be16 = 80;
  // @ts-expect-error: the order of bytes differs
  const mixed: be16 = port;
  // @ts-expect-error: and the other way round
  const other: u16 = network;
  // @ts-expect-error: a u32 is no u8
  const small: u8 = ctx.length as u32;
  // @ts-expect-error: the key also needs its port
  table.lookup({ address: 1 });
  // @ts-expect-error: keys have no such field
  table.lookup({ address: 1, port: 2, protocol: 6 });
  const found = table.lookup({ address: 1, port: network });
  // @ts-expect-error: it may be null
  found.limit += 1;
  if (!found) return Xdp.Pass;
  // @ts-expect-error: 64 bits are bigints
  found.count += 1;
  // @ts-expect-error: and do not mix with numbers
  found.count = found.limit;
  // @ts-expect-error: there is no such field
  found.counts = 1n;
  // @ts-expect-error: an array has no delete
  totals.delete(0);
  // @ts-expect-error: the value is a bigint
  totals.update(0, 1);
  // @ts-expect-error: a literal has all fields
  const value: Infer<typeof Value> = { count: 1n };
  // @ts-expect-error: what is found may be null
  const total: u64 = totals.lookup(0);
  // @ts-expect-error: the packet may be shorter
  ctx.at(Value, 0).limit = 1;
  // @ts-expect-error: config is for reading
  settings.limit = 4;
  // @ts-expect-error: there is no such verdict
  if (ctx.length > 9) return Xdp.Accept;
  return mixed + other + small + Number(value.count) + Number(total);
});

test('the program that is full of faults is a declaration still', () => {
  assert.ok(isProgramDeclaration(program));
});
