import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import type { Flow } from '../flow.ts';
import { flowMessage } from './flow-message.ts';
import { FlowSchema } from './generated/flow/flow_pb.ts';
import {
  allowed,
  answered,
  delivered,
  denied,
  pinged,
  refused,
  sampleFlows,
} from './testing/sample-flows.ts';

/** As `hubble observe -o json` prints it. */
const json = (flow: Flow): Record<string, unknown> =>
  JSON.parse(JSON.stringify(toJson(FlowSchema, flowMessage(flow), { useProtoFieldName: true })));

describe('the message of a flow', () => {
  test('of a policy verdict, with the rule and its place', () => {
    assert.deepEqual(json(allowed), {
      time: '2026-01-02T03:04:05.678901234Z',
      uuid: '1886caf2-450d-867f-8800-000000000001',
      verdict: 'FORWARDED',
      ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
      IP: { source: '10.92.0.11', destination: '10.92.0.12', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40_000, destination_port: 8080, flags: { SYN: true } } },
      source: {
        ID: 11,
        identity: 300,
        namespace: 'default',
        labels: ['k8s:app=client', 'k8s:io.kubernetes.pod.namespace=default'],
        pod_name: 'client',
      },
      destination: {
        ID: 12,
        identity: 301,
        namespace: 'default',
        labels: ['k8s:app=backend', 'k8s:io.kubernetes.pod.namespace=default'],
        pod_name: 'backend',
        workloads: [{ name: 'backend', kind: 'Deployment' }],
        cluster_name: 'default',
      },
      Type: 'L3_L4',
      node_name: 'lab',
      event_type: { type: 5 },
      traffic_direction: 'INGRESS',
      policy_match_type: 2,
      is_reply: false,
      ingress_allowed_by: [
        {
          name: 'backend-api',
          namespace: 'default',
          labels: ['k8s:io.cilium.k8s.policy.name=backend-api', 'waggle:source=policies/backend.yaml:12'],
          kind: 'CiliumNetworkPolicy',
        },
      ],
      Summary: 'TCP Flags: SYN',
    });
  });

  test('of a trace: places and reasons have numbers that are not absent', () => {
    const { event_type, trace_observation_point, trace_reason, interface: device } = json(delivered);
    assert.deepEqual(
      { event_type, trace_observation_point, trace_reason, device },
      {
        event_type: { type: 4 },
        trace_observation_point: 'TO_ENDPOINT',
        trace_reason: 'NEW',
        device: { index: 7, name: 'lxc12' },
      },
    );
    assert.equal(flowMessage(delivered).traceObservationPoint, 101);
    const reply = json(answered);
    assert.equal(reply.trace_observation_point, 'TO_STACK');
    assert.equal(reply.trace_reason, 'REPLY');
    assert.equal(reply.is_reply, true);
    assert.equal(reply.reply, true);
  });

  test('of a drop: clients print the subtype', () => {
    const { verdict, drop_reason, drop_reason_desc, event_type } = json(denied);
    assert.deepEqual(
      { verdict, drop_reason, drop_reason_desc, event_type },
      {
        verdict: 'DROPPED',
        drop_reason: 133,
        drop_reason_desc: 'POLICY_DENIED',
        event_type: { type: 1, sub_type: 133 },
      },
    );
    assert.equal(json(refused).drop_reason_desc, 'POLICY_DENY');
  });

  test('of a reason that the field does not know', () => {
    const { drop_reason, drop_reason_desc } = json({ ...denied, dropReason: 250 });
    assert.deepEqual([drop_reason, drop_reason_desc], [250, undefined]);
  });

  test('of what is not known: it is absent', () => {
    const { is_reply, traffic_direction, IP, l4 } = json(pinged);
    assert.deepEqual(
      { is_reply, traffic_direction, IP, l4 },
      {
        is_reply: undefined,
        traffic_direction: undefined,
        IP: {
          source: 'fd77::b',
          destination: '2001:db8::1',
          ipVersion: 'IPv6',
          source_xlated: 'fd00::1',
        },
        l4: { ICMPv6: { type: 128 } },
      },
    );
    const { ip: _, l4: __, ethernet: ___, ...unreadable } = { ...pinged, malformed: true };
    assert.equal(json(unreadable).IP, undefined);
  });

  test('survives the wire', () => {
    for (const flow of sampleFlows) {
      const message = flowMessage(flow);
      assert.deepEqual(fromBinary(FlowSchema, toBinary(FlowSchema, message)), message);
    }
  });
});
