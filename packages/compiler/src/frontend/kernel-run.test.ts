/** Programs on structs of the kernel, run outside of it: the test lays out the memory, BTF says where fields are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chars, i32, kernelFunction, kernelStruct, kprobe, pointerTo, u16, u32, u64 } from '@waggle/bpf';
import { generate } from '../backend/generate.ts';
import { Btf } from '../btf/btf.ts';
import { BtfBuilder } from '../btf/builder.ts';
import { Machine } from '../interpreter/index.ts';
import type { IrProgram } from '../ir/ir.ts';
import { finishProgram } from '../modules/finish.ts';
import { passes } from '../passes/index.ts';
import { lowered } from './testing/evaluate.ts';
import { moduleOf } from './testing/module.ts';

const Namespace = kernelStruct('net', { inum: u32 });
const Sock = kernelStruct('sock', {
  common: kernelStruct('sock_common', { port: u16, net: pointerTo(Namespace) }),
  protocol: u32,
  name: chars(12),
});
const taskFromPid = kernelFunction('bpf_task_from_pid', [i32], u64);
const scope = { Namespace, Sock, taskFromPid };

/** A kernel in which nothing is where it would be by the declarations, and a protocol has 16 bits. */
function kernel(): Btf {
  const builder = new BtfBuilder();
  const [int, short, char] = [
    builder.int('unsigned int', 4),
    builder.int('unsigned short', 2),
    builder.int('char', 1),
  ];
  const net = builder.struct('net', 64, [{ name: 'inum', typeId: int, byteOffset: 40 }]);
  const common = builder.struct('sock_common', 32, [
    { name: 'net', typeId: builder.pointer(net), byteOffset: 8 },
    { name: 'port', typeId: short, byteOffset: 22 },
  ]);
  builder.struct('sock', 96, [
    { name: 'protocol', typeId: short, byteOffset: 4 },
    { name: 'common', typeId: common, byteOffset: 16 },
    { name: 'name', typeId: builder.array(char, 12), byteOffset: 60 },
  ]);
  return Btf.parse(builder.build());
}

/** Memory that has these numbers at these offsets. */
function memory(size: number, numbers: readonly (readonly [at: number, bytes: number, value: bigint])[]) {
  const bytes = Buffer.alloc(size, 0xee);
  for (const [at, count, value] of numbers) {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(value);
    bytes.set(number.subarray(0, count), at);
  }
  return bytes;
}

function compiled(body: string): IrProgram {
  const program = kprobe('tcp_connect', () => undefined, { license: 'GPL' });
  const text = `export const program = kprobe('tcp_connect', (ctx) => {\n${body}\n}, { license: 'GPL' });`;
  return lowered(moduleOf(text, { ...scope, program })).ir;
}

const FIRST_ARGUMENT = { x64: 112, arm64: 0 } as const;

/** What the body returns for a `sock` as its first argument, with and without passes. */
function run(body: string, machine: keyof typeof FIRST_ARGUMENT = 'x64'): number {
  const ir = compiled(body);
  const results = [[], passes.map(({ name }) => name)].map((without) => {
    const code = generate(finishProgram('program', ir, {}, { kernel, machine, without }));
    const kernelFunctions = { bpf_task_from_pid: (_: unknown, pid: bigint) => pid * 3n };
    const simulated = new Machine({ code, kernelFunctions });
    const net = simulated.expose(memory(64, [[40, 4, 77n]]));
    const sock = memory(96, [
      [4, 2, 6n],
      [16 + 8, 8, net],
      [16 + 22, 2, 8080n],
    ]);
    sock.write('connection', 60);
    const registers = memory(304, [[FIRST_ARGUMENT[machine], 8, simulated.expose(sock)]]);
    return simulated.run(registers).result;
  });
  assert.equal(results[0], results[1]);
  return results[0] ?? -1;
}

test('fields are where the kernel has them, on each machine', () => {
  for (const machine of ['x64', 'arm64'] as const) {
    assert.equal(
      run('const sock = ctx.argument(0, Sock); return sock ? sock.common.port : 0;', machine),
      8080,
    );
  }
});

test('an integer with fewer bytes in the kernel reads no more than those', () => {
  assert.equal(run('const sock = ctx.argument(0, Sock); return sock ? sock.protocol : 0;'), 6);
});

test('pointers are followed', () => {
  const body = `const sock = ctx.argument(0, Sock);
    if (!sock) return 1;
    const { net } = sock.common;
    return net ? net.inum : 2;`;
  assert.equal(run(body), 77);
});

test('arrays are copied whole, or read by element', () => {
  const name = (index: string) =>
    run(`const sock = ctx.argument(0, Sock); if (!sock) return 0; return sock.name[${index}] ?? 0;`);
  assert.equal(name('2'), 'n'.charCodeAt(0));
  assert.equal(name('ctx.argument(0, u32) % 8'), 'c'.charCodeAt(0));
});

test('an address that leads nowhere reads as zeros', () => {
  assert.equal(run('const sock = kernelAt(Sock, 4096n); return sock ? sock.common.port + 1 : 5;'), 1);
  assert.equal(run('const sock = kernelAt(Sock, 0n); return sock ? sock.common.port + 1 : 5;'), 5);
});

test('functions of the kernel are those that the machine is given', () => {
  assert.equal(run('return u32(taskFromPid(7));'), 21);
  const code = generate(compiled('return u32(taskFromPid(7));'));
  assert.throws(() => new Machine({ code }).run(), /no kernel here to call the function bpf_task_from_pid/);
});
