import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { flowMessage } from './flow-message.ts';
import { flowOf } from './flow-of-message.ts';
import { FlowFilterSchema, FlowSchema, Verdict } from './generated/flow/flow_pb.ts';
import { messageFilter } from './message-filter.ts';
import { sampleFlows } from './testing/sample-flows.ts';

describe('a flow of a message', () => {
  test('is the flow that the message was made of, without what it has no room for', () => {
    for (const flow of sampleFlows) {
      const { dropReasonText: _, ...rest } = flow;
      assert.deepEqual(flowOf(flowMessage(flow)), { ...rest, sequence: 0, length: 0 });
    }
  });

  test('that is empty says nothing', () => {
    const { source, destination, ip, l4, isReply } = flowOf(create(FlowSchema));
    const nobody = { identity: 0, labels: [] };
    assert.deepEqual(
      { source, destination, ip, l4, isReply },
      {
        source: nobody,
        destination: nobody,
        ip: undefined,
        l4: undefined,
        isReply: undefined,
      },
    );
  });
});

describe('a filter of messages', () => {
  type Init = MessageInitShape<typeof FlowFilterSchema>;
  const matched = (allow: readonly Init[], deny: readonly Init[] = []): number[] => {
    const make = (inits: readonly Init[]) => inits.map((init) => create(FlowFilterSchema, init));
    const matches = messageFilter(make(allow), make(deny));
    return sampleFlows.filter((flow) => matches(flowMessage(flow))).map(({ sequence }) => sequence);
  };

  test('is that of a server', () => {
    assert.deepEqual(matched([]), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(matched([{ verdict: [Verdict.DROPPED] }]), [4, 5]);
    assert.deepEqual(matched([{ sourcePort: ['8080'] }, { destinationPort: ['53'] }]), [3, 4, 5]);
    assert.deepEqual(matched([{ destinationLabel: ['app=backend'] }], [{ protocol: ['udp'] }]), [1, 2]);
    assert.deepEqual(matched([{ destinationPod: ['default/back'] }], [{ dropReasonDesc: [181] }]), [1, 2, 4]);
  });
});
