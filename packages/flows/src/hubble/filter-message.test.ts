import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { FlowFilter } from '../filter/flow-filter.ts';
import { filterOf } from './filter-message.ts';
import { FlowFilterSchema, IPVersion, TrafficDirection, Verdict } from './generated/flow/flow_pb.ts';

type Init = MessageInitShape<typeof FlowFilterSchema>;
const filter = (init: Init): FlowFilter => filterOf(create(FlowFilterSchema, init));

/** What of a filter says something. */
const said = (value: unknown): unknown => {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, said(inner)] as const);
  return Object.fromEntries(
    fields.filter(([, inner]) =>
      typeof inner === 'object' && inner !== null ? Object.keys(inner).length > 0 : inner !== undefined,
    ),
  );
};

describe('a filter of a message', () => {
  test('that is empty says nothing', () => {
    assert.deepEqual(said(filter({})), {});
  });

  const rows: readonly [name: string, Init, FlowFilter][] = [
    [
      'of ends',
      {
        sourceIp: ['10.0.0.1', '10.0.0.0/8', 'fd00::/8'],
        sourceIpXlated: ['10.1.1.1'],
        destinationPod: ['default/web', 'kube-system/'],
        sourceLabel: ['app=web'],
        destinationIdentity: [2, 300],
        destinationPort: ['80', '0', '65535'],
        sourceWorkload: [{ name: 'web' }, { kind: 'Deployment' }],
        destinationClusterName: ['a'],
        sourceFqdn: ['*.example.com'],
        destinationService: ['default/api'],
      },
      {
        source: {
          ip: ['10.0.0.1', '10.0.0.0/8', 'fd00::/8'],
          ipTranslated: ['10.1.1.1'],
          label: ['app=web'],
          workload: [{ name: 'web' }, { kind: 'Deployment' }],
          fqdn: ['*.example.com'],
        },
        destination: {
          pod: ['default/web', 'kube-system/'],
          identity: [2, 300],
          port: ['80', '0', '65535'],
          clusterName: ['a'],
          service: ['default/api'],
        },
      },
    ],
    [
      'of what happened',
      {
        verdict: [Verdict.DROPPED, Verdict.AUDIT],
        trafficDirection: [TrafficDirection.EGRESS],
        dropReasonDesc: [133],
        eventType: [
          { type: 1 },
          { type: 4, matchSubType: true, subType: 0 },
          { type: 4, subType: 3 },
          { matchSubType: true, subType: 133 },
        ],
        reply: [false],
        interface: [{ name: 'eth0' }],
      },
      {
        verdict: ['dropped', 'audit'],
        direction: ['egress'],
        dropReason: [133],
        eventType: [{ type: 1 }, { type: 4, subtype: 0 }, { type: 4 }, { subtype: 133 }],
        reply: [false],
        interface: ['eth0'],
      },
    ],
    [
      'of the packet and the node',
      {
        protocol: ['tcp'],
        tcpFlags: [{ SYN: true }, { ACK: true, FIN: true }],
        ipVersion: [IPVersion.IPv4, IPVersion.IPv6, IPVersion.IP_NOT_USED],
        nodeName: ['lab*'],
        nodeLabels: ['zone=a'],
        uuid: ['x'],
        httpHeader: [{ key: 'a', value: 'b' }],
        ipTraceId: [7n],
        experimental: { celExpression: ['true'] },
      },
      {
        protocol: ['tcp'],
        tcpFlags: [['SYN'], ['FIN', 'ACK']],
        ipVersion: [4, 6, 0],
        nodeName: ['lab*'],
        nodeLabels: ['zone=a'],
        uuid: ['x'],
        httpHeader: [{ key: 'a', value: 'b' }],
        ipTraceId: [7n],
        cel: ['true'],
      },
    ],
  ];
  for (const [name, init, expected] of rows) test(name, () => assert.deepEqual(said(filter(init)), expected));

  const unheardOf = 9 as number as IPVersion;
  const wrong: readonly [Init, RegExp][] = [
    [{ sourceIp: ['10.0.0'] }, /"10\.0\.0" is no IP address\. As 10\.0\.0\.1/],
    [{ destinationIp: ['10.0.0.0/33'] }, /"10\.0\.0\.0\/33" is no IP address/],
    [{ destinationIp: ['10.0.0.0/8/8'] }, /is no IP address/],
    [{ sourceIpXlated: ['fd00::/129'] }, /is no IP address/],
    [{ sourcePort: ['65536'] }, /"65536" is no port\. Ports are numbers from 0 to 65535/],
    [{ destinationPort: ['http'] }, /"http" is no port/],
    [{ verdict: [Verdict.VERDICT_UNKNOWN] }, /There is no verdict 0/],
    [{ trafficDirection: [TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN] }, /no traffic direction 0/],
    [{ interface: [{ index: 7 }] }, /filtered by its name/],
    [{ tcpFlags: [{ NS: true }] }, /NS is not observed/],
    [{ ipVersion: [unheardOf] }, /There is no IP version 9/],
  ];
  for (const [init, text] of wrong)
    test(`that cannot be: ${text.source}`, () => assert.throws(() => filter(init), text));
});
