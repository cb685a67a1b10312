import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { config, configSpec, configValues, isConfig } from './config.ts';
import { be32, bool, u16, u64 } from './scalar.ts';
import { bytes } from './types.ts';

const settings = config({ allowUdp: bool, nodeAddress: be32 }, { name: 'settings' });

test('a config has a struct that describes its values', () => {
  const spec = configSpec(settings);
  assert.deepEqual([spec.kind, spec.name, spec.size], ['struct', 'settings', 8]);
  assert.deepEqual(
    spec.fields.map((field) => field.name),
    ['allowUdp', 'nodeAddress'],
  );
  assert.equal(configSpec(config({ a: u16 })).name, 'config');
  assert.ok(isConfig(settings) && !isConfig({ allowUdp: true }) && !isConfig(null));
});

test('values do not exist in user space', () => {
  assert.throws(() => settings.allowUdp, {
    code: 'INVALID',
    message:
      'settings.allowUdp exists only in compiled programs. Its value is given when the program is loaded; keep it in a variable of your own if user space needs it too',
  });
  assert.ok(Object.isFrozen(settings));
  assert.equal(inspect(settings), '{ allowUdp: [Getter], nodeAddress: [Getter] }');
});

test('values for a load are checked and frozen', () => {
  const values = configValues(settings, { allowUdp: true, nodeAddress: 0x0a00_0001 });
  assert.deepEqual(values, { allowUdp: true, nodeAddress: 0x0a00_0001 });
  assert.ok(Object.isFrozen(values));
  // @ts-expect-error the address is missing
  assert.throws(() => configValues(settings, { allowUdp: true }), {
    code: 'MISSING_FIELD',
    message: 'settings lacks the field "nodeAddress"',
  });
  // @ts-expect-error a number is no boolean
  assert.throws(() => configValues(settings, { allowUdp: 1, nodeAddress: 1 }), { code: 'WRONG_TYPE' });
  assert.throws(() => configValues(settings, { allowUdp: true, nodeAddress: -1 }), { code: 'OUT_OF_RANGE' });
  // @ts-expect-error no such field
  assert.throws(() => configValues(settings, { allowUdp: true, nodeAddres: 1 }), {
    message: 'settings has no field "nodeAddres". Did you mean "nodeAddress"?',
  });
});

test('declarations that cannot be', () => {
  assert.throws(() => config({}), { code: 'BAD_DECLARATION', message: 'struct config has no fields' });
  assert.throws(() => config({ 'a b': bool }), { code: 'BAD_DECLARATION' });
  // @ts-expect-error bytes are no scalar
  assert.throws(() => config({ mac: bytes(6) }), {
    code: 'BAD_DECLARATION',
    message:
      'config.mac is not a scalar. Config values become constants in the program: declare several scalars, or use a map',
  });
  assert.throws(() => configSpec({ allowUdp: true }), {
    code: 'BAD_DECLARATION',
    message: 'configSpec() needs what config() returned, got an object',
  });
});

test('tsc knows the values', () => {
  const both = config({ allow: bool, cookie: u64 });
  const read: () => bigint = () => both.cookie;
  assert.throws(read, { code: 'INVALID' });
  assert.throws(() => {
    // @ts-expect-error a config cannot be assigned
    both.allow = true;
  }, TypeError);
  const allow: boolean = configValues(both, { allow: true, cookie: 1n }).allow;
  assert.equal(allow, true);
});
