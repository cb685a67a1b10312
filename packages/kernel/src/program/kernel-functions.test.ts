import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { assemble, Btf, BtfBuilder, type Code, callKernelFunction, exit } from '@waggle/compiler';
import { KERNEL_BTF_PATH, kernelBtf } from '../btf/vmlinux.ts';
import { withKernelFunctions } from './kernel-functions.ts';

const code: Code = {
  ...assemble([exit(), callKernelFunction(0)]),
  kernelCalls: [{ slot: 1, name: 'bpf_rdonly_cast' }],
};
const whenBtf = { skip: existsSync(KERNEL_BTF_PATH) ? false : `${KERNEL_BTF_PATH} is not there` };

test('a call gets the number that the function has in this kernel', whenBtf, () => {
  const { bytes, kernelCalls } = withKernelFunctions('test', code);
  const number = new DataView(bytes.buffer).getInt32(12, true);
  assert.equal(kernelBtf().nameOf(number), 'bpf_rdonly_cast');
  assert.equal(kernelCalls, undefined);
  assert.equal(code.bytes[12], 0, 'the code that was given is left alone');
});

test('a function that the kernel lacks is named', () => {
  const empty = Btf.parse(new BtfBuilder().build());
  assert.throws(() => withKernelFunctions('test', code, () => empty), {
    code: 'NOT_SUPPORTED',
    message: /program "test" calls bpf_rdonly_cast\(\), which this kernel does not have/,
  });
});
