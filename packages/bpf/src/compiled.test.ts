/** Compiled bodies stand where functions do, and a compiler may be asked for one. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type CompiledBody, compiled, compiledBody, isCompiled, provideCompiler } from './compiled.ts';
import { xdp } from './packet-programs.ts';
import { isProgramDeclaration } from './program.ts';
import { kprobe } from './tracing-programs.ts';

const bindings = () => ({ maps: {}, configs: {} });
const body = compiled({ version: 1 }, bindings);

afterEach(() => provideCompiler(undefined));

test('a program is declared with a compiled body as with a function', () => {
  for (const program of [xdp(body, { license: 'MIT' }), kprobe('tcp_connect', body)]) {
    assert.ok(isProgramDeclaration(program));
    assert.equal(compiledBody(program), body);
    assert.ok(isCompiled(program.body));
  }
  assert.equal(isCompiled(xdp(() => 2).body), false);
});

test('a compiler is asked for programs that are not compiled, and only for those', () => {
  const asked: unknown[] = [];
  provideCompiler((program): CompiledBody | undefined => {
    asked.push(program);
    return program.name === 'known' ? body : undefined;
  });
  const known = xdp(() => 2, { name: 'known' });
  assert.equal(compiledBody(known), body);
  compiledBody(xdp(body));
  assert.deepEqual(asked, [known]);
  assert.throws(() => compiledBody(xdp(() => 2)), /this xdp program is not compiled/);
});

test('a program that nobody compiles says how to get there', () => {
  assert.throws(() => compiledBody(xdp(() => 2, { name: 'plain' })), {
    code: 'BAD_DECLARATION',
    message:
      /^program "plain" is not compiled\. Import the \.bpf\.js .*--import @waggle\/compiler\/register$/,
  });
});

test('what is no code is refused', () => {
  assert.throws(() => compiled(7, bindings), { message: /compiled\(\) needs code, got 7/ });
  // @ts-expect-error bindings are a function, because they may be declared later
  assert.throws(() => compiled({}, { maps: {}, configs: {} }), {
    message: /needs a function, got an object/,
  });
  // @ts-expect-error neither a function nor compiled
  assert.throws(() => xdp({ kind: 'something' }), { message: /xdp needs a function as its body/ });
});
