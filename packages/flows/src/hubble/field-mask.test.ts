import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { fieldMask } from './field-mask.ts';
import { flowMessage } from './flow-message.ts';
import { FlowSchema } from './generated/flow/flow_pb.ts';
import { allowed } from './testing/sample-flows.ts';

const masked = (...paths: string[]): unknown =>
  toJson(FlowSchema, fieldMask(paths)(flowMessage(allowed)), { useProtoFieldName: true });

describe('a field mask', () => {
  test('without paths takes nothing away', () => {
    assert.deepEqual(masked(), toJson(FlowSchema, flowMessage(allowed), { useProtoFieldName: true }));
  });

  test('leaves whole fields, parts of them, and what a oneof holds', () => {
    assert.deepEqual(masked('verdict', 'IP.source', 'l4.TCP.destination_port', 'Summary'), {
      verdict: 'FORWARDED',
      IP: { source: '10.92.0.11' },
      l4: { TCP: { destination_port: 8080 } },
      Summary: 'TCP Flags: SYN',
    });
    assert.deepEqual(masked('l4.UDP'), { l4: {} });
    assert.deepEqual(masked('destination.workloads', 'is_reply'), {
      destination: { workloads: [{ name: 'backend', kind: 'Deployment' }] },
      is_reply: false,
    });
  });

  test('names a field once and again', () => {
    const whole = masked('source');
    assert.deepEqual(masked('source.identity', 'source'), whole);
    assert.deepEqual(masked('source', 'source.identity'), whole);
  });

  test('of what there is not is refused', () => {
    assert.throws(() => fieldMask(['verdct']), /A flow has no field "verdct"\. Did you mean verdict\?/);
    assert.throws(() => fieldMask(['source.id']), /no field "source\.id"/);
    assert.throws(() => fieldMask(['verdict.x']), /There are no fields below that one/);
    assert.throws(() => fieldMask(['']), /A flow has no field ""/);
  });
});
