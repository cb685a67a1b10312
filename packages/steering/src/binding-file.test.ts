import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { formatBinding } from './binding.ts';
import { parseBindingFile } from './binding-file.ts';

const faultsOf = (text: string): string[] => {
  try {
    parseBindingFile('b.yaml', text);
    return [];
  } catch (error) {
    assert.ok(error instanceof WaggleError);
    return error.message.split('\n');
  }
};

test('YAML and JSON are read', () => {
  const yaml = `bindings:
  - { label: www, protocol: tcp, prefix: 10.0.0.0/24, port: 80 }
  - label: dns
    protocol: udp
    prefix: fd00::/64
    port: 1000-1999
    missing: fallback:www
`;
  const texts = parseBindingFile('b.yaml', yaml).map(formatBinding);
  assert.deepEqual(texts, ['www: tcp 10.0.0.0/24 80', 'dns: udp fd00::/64 1000-1999']);
  const json = '{ "bindings": [{ "label": "www", "protocol": "tcp", "prefix": "::/0", "port": "*" }] }';
  assert.deepEqual(parseBindingFile('b.json', json).map(formatBinding), ['www: tcp ::/0 *']);
});

test('all mistakes are told, each with its line', () => {
  const faults = faultsOf(`bindings:
  - { label: www, protocol: tcp, prefix: 10.0.0.1/24, port: 80 }
  - { label: www, protocol: tcp, prefix: 10.0.0.0/24, port: 80 }
  - { label: www, protocol: tcp, prefix: 10.0.0.0/24, port: 80 }
  - { label: www, protocol: tcp, prefix: 10.0.0.0/24 }
  - { label: -x, protocol: sctp, prefix: 10.0.0.0/8, port: 0 }
`);
  assert.match(faults[0] ?? '', /^b\.yaml:2: 10\.0\.0\.1\/24 .*Did you mean 10\.0\.0\.0\/24\?$/);
  assert.match(faults[1] ?? '', /^b\.yaml:4: tcp 10\.0\.0\.0\/24 80 is bound on line 3 already$/);
  assert.match(faults[2] ?? '', /^b\.yaml:5: port: /);
  assert.match(faults[3] ?? '', /^b\.yaml:6: "?-x"? is no name for a label/);
});

test('a file that is half written is refused', () => {
  assert.match(faultsOf('bindings:\n  - { label: www, protocol: tcp, pre')[0] ?? '', /^b\.yaml:2: /);
  assert.match(faultsOf('')[0] ?? '', /^b\.yaml:1: /);
  assert.match(faultsOf('bindings: 5')[0] ?? '', /^b\.yaml:1: bindings: /);
});

test('any text is read or refused', () => {
  fc.assert(fc.property(fc.string(), (text) => void faultsOf(text)));
  fc.assert(fc.property(fc.string(), (text) => void faultsOf(`bindings:\n- ${text}`)));
});

test('JSON is told of by its lines, too', () => {
  const entry = (prefix: string) =>
    `{ "label": "www", "protocol": "tcp",\n "prefix": "${prefix}", "port": 80 }`;
  const file = (...entries: string[]) => `{ "bindings": [\n${entries.join(',\n')}\n] }`;
  assert.deepEqual(faultsOf(file(entry('10.0.0.0/8'), entry('10.0.0.0/9'))), []);
  const faults = faultsOf(file(entry('10.0.0.0/8'), entry('10.0.0.0/33'), entry('10.0.0.0/8')));
  assert.match(faults[0] ?? '', /^b\.yaml:4: 10\.0\.0\.0\/33 is not an IP prefix/);
  assert.match(faults[1] ?? '', /^b\.yaml:6: tcp 10\.0\.0\.0\/8 80 is bound on line 2 already/);
  // A key that is there twice, and text that ends too early.
  const twice = entry('10.0.0.0/8').replace('}', `, "label": ${JSON.stringify('"x\\" : ')} }`);
  assert.match(faultsOf(file(twice))[0] ?? '', /^b\.yaml:\d: Map keys must be unique/);
  assert.deepEqual(faultsOf(file(entry('10.0.0.0/8')).replace('www', 'w\\u0077w')), []);
  assert.notDeepEqual(faultsOf(file(entry('10.0.0.0/8')).slice(0, -4)), []);
});
