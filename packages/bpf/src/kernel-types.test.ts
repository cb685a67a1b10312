/** Declarations of structs and functions of the kernel, and what is wrong with others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelStruct, kernelTypeName, pointerTo } from './kernel-types.ts';
import { kernelFunction, kernelFunctionSpec, sizedParameter } from './language/kernel-function.ts';
import { connectionRelease, taskFromPid, xdpConnectionLookup } from './language/kernel-functions.ts';
import { type be32, u16, u32, u64 } from './scalar.ts';
import { struct } from './struct.ts';
import { chars, type Infer } from './types.ts';

const Namespace = kernelStruct('net', { cookie: u64 });
const Sock = kernelStruct('sock', {
  family: u16,
  name: chars(16),
  common: kernelStruct('sock_common', { net: pointerTo(() => Namespace) }),
});

test('a struct keeps the fields as they are declared', () => {
  assert.deepEqual(
    Sock.fields.map(({ name, type }) => [name, kernelTypeName(type)]),
    [
      ['family', 'u16'],
      ['name', 'chars(16)'],
      ['common', 'struct sock_common'],
    ],
  );
  const [common] = Sock.fields.slice(-1);
  assert.ok(common?.type.kind === 'kernelStruct');
  const [net] = common.type.fields;
  assert.ok(net?.type.kind === 'kernelPointer');
  assert.equal(net.type.target(), Namespace);
  assert.equal(kernelTypeName(net.type), 'struct net *');
});

test('its type is read-only, and its pointers may be null', () => {
  const read = (sock: Infer<typeof Sock>): bigint | undefined => {
    // @ts-expect-error fields cannot be assigned
    sock.family = 2;
    // @ts-expect-error 16 bits of the host are none of the network
    const address: be32 = sock.family;
    // @ts-expect-error it may be null
    sock.common.net.cookie;
    return address === 2 ? undefined : sock.common.net?.cookie;
  };
  assert.equal(read({ family: 1, name: 'a', common: { net: { cookie: 5n } } }), undefined);
});

test('what cannot be declared is refused', () => {
  const refuses = (declare: () => unknown, message: RegExp) =>
    assert.throws(declare, { code: 'BAD_DECLARATION', message });
  refuses(() => kernelStruct('struct sock', { family: u16 }), /cannot be called "struct sock"/);
  refuses(
    () => kernelStruct('sock', { 'a.b': u16 }),
    /A field of kernel struct sock cannot be called "a\.b"/,
  );
  refuses(() => kernelStruct('sock', { family: 2 as never }), /sock\.family is no type but 2/);
  refuses(() => kernelStruct('sock', 2 as never), /needs an object of fields/);
  refuses(() => pointerTo(u16 as never), /pointerTo\(\) needs a kernelStruct\(\)/);
  refuses(() => kernelFunction('a-b', []), /cannot be called "a-b"/);
  refuses(() => kernelFunction('f', [chars(4) as never]), /parameter 1 of f is no type/);
  refuses(
    () => kernelFunction('f', [], Sock, { acquires: () => 1 }),
    /has to be released by a kernelFunction/,
  );
  const Pair = struct('pair', { left: u32, right: u32 });
  const pair = sizedParameter(Pair);
  refuses(() => kernelFunction('f', [pair, pair, pair]), /cannot take 6 arguments/);
});

test('functions say what they take and give back, and do not run here', () => {
  const spec = kernelFunctionSpec(xdpConnectionLookup);
  assert.equal(spec?.name, 'bpf_xdp_ct_lookup');
  assert.deepEqual(
    spec?.parameters.map(({ kind }) => kind),
    ['context', 'sized', 'sized'],
  );
  assert.equal(spec?.releasedBy, 'bpf_ct_release');
  assert.equal(kernelFunctionSpec(connectionRelease)?.releases, true);
  assert.equal(
    kernelFunctionSpec(() => 1),
    undefined,
  );
  assert.throws(() => taskFromPid(1), { code: 'INVALID', message: /bpf_task_from_pid\(\) is for programs/ });
});
