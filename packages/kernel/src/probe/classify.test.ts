import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { classify, type Expectation } from './classify.ts';
import type { Situation } from './situation.ts';

const ALL = (1n << 41n) - 1n;
const CAP_NET_ADMIN = 1n << 12n;
const CAP_SYS_ADMIN = 1n << 21n;

const calm: Situation = {
  release: '6.8.0-45-generic',
  lockdown: 'off',
  capabilities: ALL,
  userNamespace: false,
  seccomp: false,
  unprivilegedBpf: 2,
};
const tcx: Expectation = { since: '6.6', config: 'CONFIG_NET_XGRESS', needs: ['CAP_BPF', 'CAP_NET_ADMIN'] };

const refusal = (number: number) => new KernelError('try', 'a thing', number);
const reasonOf = (number: number, situation: Partial<Situation>, expectation = tcx) => {
  const result = classify(refusal(number), expectation, { ...calm, ...situation });
  assert.equal(result.available, false);
  return result.available ? [] : [result.reason, result.detail];
};

describe('a refusal with EPERM', () => {
  test('is for missing capabilities, which are named, before anything else', () => {
    assert.deepEqual(reasonOf(errno.EPERM, { capabilities: 0n, lockdown: 'integrity' }), [
      'denied',
      'needs CAP_BPF and CAP_NET_ADMIN (kernel.unprivileged_bpf_disabled is 2)',
    ]);
    assert.deepEqual(reasonOf(errno.EACCES, { capabilities: ALL & ~CAP_NET_ADMIN }), [
      'denied',
      'needs CAP_NET_ADMIN',
    ]);
  });

  test('does not miss CAP_BPF where there is CAP_SYS_ADMIN, as before Linux 5.8', () => {
    const [, detail] = reasonOf(errno.EPERM, { capabilities: CAP_SYS_ADMIN });
    assert.equal(detail, 'needs CAP_NET_ADMIN');
  });

  test('leaves out what cannot be read', () => {
    const [, detail] = reasonOf(errno.EPERM, { capabilities: 0n, unprivilegedBpf: undefined });
    assert.equal(detail, 'needs CAP_BPF and CAP_NET_ADMIN');
  });

  test('is lockdown when nothing is missing', () => {
    for (const lockdown of ['integrity', 'confidentiality'] as const) {
      const expected = ['locked down', `kernel lockdown (${lockdown}) refuses it even to root`];
      assert.deepEqual(reasonOf(errno.EPERM, { lockdown }), expected);
    }
    assert.deepEqual(reasonOf(errno.EPERM, { lockdown: 'on' }), [
      'locked down',
      'kernel lockdown refuses it even to root',
    ]);
  });

  test('is denied by a container when it is neither', () => {
    assert.deepEqual(reasonOf(errno.EPERM, { userNamespace: true, lockdown: 'integrity' }), [
      'denied',
      'refused to processes in a user namespace of their own',
    ]);
    assert.deepEqual(reasonOf(errno.EPERM, { seccomp: true }), [
      'denied',
      'refused with EPERM in spite of all capabilities, perhaps by the seccomp filter of this container',
    ]);
    assert.deepEqual(reasonOf(errno.EACCES, { lockdown: 'unknown' }), [
      'denied',
      'refused with EACCES in spite of all capabilities',
    ]);
  });
});

describe('a refusal with EINVAL and its like', () => {
  const numbers = [errno.EINVAL, errno.ENOTSUPP, errno.EOPNOTSUPP, errno.ENOENT, errno.ENOSYS, errno.E2BIG];

  test('is due to an old kernel', () => {
    for (const number of numbers) {
      const expected = ['too old', 'needs Linux 6.6, this is 5.15'];
      assert.deepEqual(reasonOf(number, { release: '5.15.0-91-generic' }), expected);
    }
    assert.equal(reasonOf(errno.EINVAL, { release: '6.5.13' })[0], 'too old');
  });

  test('is due to how the kernel was built, when it is young enough', () => {
    for (const number of numbers) {
      assert.deepEqual(reasonOf(number, { release: '6.6.0' }), [
        'not built in',
        'needs a kernel with CONFIG_NET_XGRESS',
      ]);
    }
    assert.deepEqual(reasonOf(errno.EINVAL, {}, { since: '5.3', needs: [] }), [
      'not built in',
      'this kernel was built without it',
    ]);
  });

  test('keeps the error number', () => {
    const result = classify(refusal(errno.ENOTSUPP), tcx, calm);
    assert.equal(!result.available && result.errno, errno.ENOTSUPP);
  });
});

test('what the kernel does not list is missing like what it does not know', () => {
  const error = new WaggleError('NOT_FOUND', 'there is no type');
  assert.deepEqual(classify(error, tcx, { ...calm, release: '5.4.0' }), {
    available: false,
    reason: 'too old',
    detail: 'needs Linux 6.6, this is 5.4',
  });
});

test('other errors stay unclear, in their own words', () => {
  assert.deepEqual(reasonOf(errno.ENOMEM, {}), ['unclear', 'try a thing: ENOMEM (not enough memory)']);
  const result = classify(new TypeError('oh'), tcx, calm);
  assert.deepEqual(result, { available: false, reason: 'unclear', detail: 'TypeError: oh' });
});

test('every error number has a reason and a sentence', () => {
  const situation = fc.record({
    release: fc.oneof(fc.string(), fc.constantFrom('4.19.0', '5.10.0-8-amd64', '6.18.44')),
    lockdown: fc.constantFrom('off', 'integrity', 'confidentiality', 'on', 'unknown'),
    capabilities: fc.bigInt({ min: 0n, max: ALL }),
    userNamespace: fc.boolean(),
    seccomp: fc.boolean(),
    unprivilegedBpf: fc.option(fc.nat(2), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 524 }), situation, (number, given) => {
      const result = classify(refusal(number), tcx, given as Situation);
      assert.ok(!result.available && result.detail.length > 0);
      const privilege = number === errno.EPERM || number === errno.EACCES;
      assert.equal(result.reason === 'denied' || result.reason === 'locked down', privilege);
    }),
  );
});
