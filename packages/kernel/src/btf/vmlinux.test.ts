import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Btf, BtfBuilder } from '@waggle/compiler';
import { dropReasons, KERNEL_BTF_PATH, kernelBtf } from './vmlinux.ts';

const whenBtf = existsSync(KERNEL_BTF_PATH) ? {} : { skip: `${KERNEL_BTF_PATH} is not there` };

test('the layout of all structs of this kernel adds up', whenBtf, () => {
  const btf = kernelBtf();
  let structs = 0;
  for (const id of [...btf.ids('struct'), ...btf.ids('union')]) {
    btf.members(id);
    structs++;
  }
  assert.ok(structs > 5000);
});

test('the attributes of bpf(2) can be looked up', whenBtf, () => {
  const btf = kernelBtf();
  const [mapCreate, mapElement] = btf.anonymousMembers('bpf_attr');
  assert.deepEqual(
    mapCreate?.members.slice(0, 3).map(({ name, byteOffset }) => [name, byteOffset]),
    [
      ['map_type', 0],
      ['key_size', 4],
      ['value_size', 8],
    ],
  );
  assert.deepEqual(
    mapElement?.members.map(({ name, byteOffset }) => [name, byteOffset]),
    [
      ['map_fd', 0],
      ['key', 8],
      ['value', 16],
      ['next_key', 16],
      ['flags', 24],
    ],
  );
  assert.equal(btf.memberOffset('bpf_attr', 'link_create.attach_type'), 8);
  assert.equal(btf.memberOffset('bpf_attr', 'batch.flags'), 48);
});

test('enums of this kernel have the numbers of its user interface', whenBtf, () => {
  const btf = kernelBtf();
  assert.equal(btf.enumValues('bpf_map_type').get('BPF_MAP_TYPE_RINGBUF'), 27);
  assert.equal(btf.enumValues('bpf_prog_type').get('BPF_PROG_TYPE_XDP'), 6);
  assert.equal(btf.enumValues('bpf_attach_type').get('BPF_TCX_INGRESS'), 46);
  assert.equal(btf.enumWithMember('BPF_MAP_TYPE_HASH'), btf.require('bpf_map_type', 'enum'));
  const flags = btf.enumWithMember('BPF_F_CTXLEN_MASK');
  assert.ok(flags !== undefined);
  assert.equal(BigInt(btf.enumValues(flags).get('BPF_F_CTXLEN_MASK') ?? 0), 0xf_ffff_0000_0000n);
});

test('drop reasons have names', whenBtf, () => {
  const reasons = dropReasons();
  assert.equal(reasons.get(2), 'NOT_SPECIFIED');
  const names = [...reasons.values()];
  assert.ok(names.includes('NETFILTER_DROP'));
  assert.ok(!names.some((name) => name === 'MAX' || name.startsWith('SKB_DROP_REASON_')));
});

test('drop reasons of subsystems are listed where their types are', () => {
  const builder = new BtfBuilder();
  builder.enum(
    'skb_drop_reason',
    new Map([
      ['SKB_CONSUMED', 1],
      ['SKB_DROP_REASON_NO_SOCKET', 3],
      ['SKB_DROP_REASON_MAX', 4],
    ]),
  );
  builder.enum(
    'ovs_drop_reason',
    new Map([
      ['__OVS_DROP_REASON', 0x20000],
      ['OVS_DROP_METER', 0x20001],
      ['OVS_DROP_MAX', 0x20002],
    ]),
  );
  assert.deepEqual(
    [...dropReasons(Btf.parse(builder.build()))],
    [
      [1, 'SKB_CONSUMED'],
      [3, 'NO_SOCKET'],
      [0x20001, 'OVS_DROP_METER'],
    ],
  );
});

test('a kernel without BTF is reported with what it needs', () => {
  assert.throws(() => kernelBtf('/sys/kernel/btf/no-such-kernel'), {
    code: 'NOT_SUPPORTED',
    message: /no-such-kernel\. It takes a kernel built with CONFIG_DEBUG_INFO_BTF=y/,
  });
  assert.throws(() => kernelBtf('/dev/null'), {
    code: 'MALFORMED',
    message: /the BTF of \/dev\/null: 0 bytes/,
  });
});
