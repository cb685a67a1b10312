import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configValues } from '@waggle/bpf';
import { monitoring } from '../event.bpf.ts';
import { monitoringConfig } from './options.ts';

test('the defaults are the field’s, and what programs take', () => {
  const values = monitoringConfig();
  assert.deepEqual(configValues(monitoring, values), values);
  assert.deepEqual([values.aggregation, values.interval, values.snapLength], [3, 5, 128]);
});

test('what is not allowed is refused with what is', () => {
  assert.throws(() => monitoringConfig({ snapLength: 129 }), {
    code: 'INVALID',
    message: /snapLength.*129.*0 to 128/s,
  });
  assert.throws(() => monitoringConfig({ interval: 0.5 }), { code: 'INVALID' });
  assert.throws(() => monitoringConfig({ aggregation: 'high' as 'low' }), {
    code: 'INVALID',
    message: /"high".*off, none, low, medium, maximum/s,
  });
});
