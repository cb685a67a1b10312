/** The structs that helpers take, against include/uapi/linux/bpf.h. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XdpMd } from '../../context.ts';
import { programContexts } from '../../program-contexts.ts';
import { programTypes } from '../../program-types.ts';
import { helperSpec } from '../helper.ts';
import { FibLookup, SocketTuple4, SocketTuple6, skLookupTcp, skRelease, xdpAdjustHead } from './index.ts';

test('structs are laid out as the kernel has them', () => {
  assert.deepEqual([SocketTuple4.size, SocketTuple6.size, FibLookup.size], [12, 36, 64]);
  const offsets = Object.fromEntries(FibLookup.fields.map(({ name, offset }) => [name, offset]));
  assert.deepEqual(offsets, {
    family: 0,
    protocol: 1,
    sourcePort: 2,
    destinationPort: 4,
    totalLength: 6,
    interfaceIndex: 8,
    flow: 12,
    sourceAddress: 16,
    destinationAddress: 32,
    vlanProtocol: 48,
    vlanTag: 50,
    sourceMac: 52,
    destinationMac: 58,
  });
});

test('descriptions say what else a helper does', () => {
  assert.equal(helperSpec(xdpAdjustHead)?.movesPacket, true);
  assert.equal(helperSpec(skRelease)?.releases, true);
  assert.deepEqual(helperSpec(skLookupTcp)?.result.kind, 'socket');
  assert.equal(
    helperSpec(() => 1),
    undefined,
  );
  assert.equal(helperSpec(XdpMd), undefined);
});

test('contexts with fields belong to program types, and hide their pointers', () => {
  for (const [type, rule] of Object.entries(programContexts)) {
    assert.ok(type in programTypes, type);
    const names = rule.layout.fields.map(({ name }) => name);
    for (const name of [...rule.hidden, ...rule.writable]) assert.ok(names.includes(name), `${type}.${name}`);
    for (const name of ['data', 'dataEnd']) {
      assert.ok(!names.includes(name) || rule.hidden.includes(name), `${type}.${name}`);
    }
  }
});
