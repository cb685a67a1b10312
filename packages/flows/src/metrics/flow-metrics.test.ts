import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowService } from '../flow-service.ts';
import { packetOf, put, recordOf } from '../testing/records.ts';
import { dropReasonLabel } from './drop-reason-label.ts';
import { parseMetricOptions } from './metric-options.ts';

const tcp = (flags: number, source = '10.0.0.1', destination = '10.0.0.2') =>
  packetOf({ source, destination, protocol: 'tcp', sourcePort: 40_000, destinationPort: 80, flags });
const icmp = packetOf({ source: 'fd00::1', destination: 'fd00::2', protocol: 'icmp', type: 128 });

function serviceOf(metrics?: readonly string[]): FlowService {
  const service = new FlowService({ nodeName: 'n', version: '1', megabytes: 1, ...(metrics && { metrics }) });
  service.rename([
    { table: 'identity', key: 300, value: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'] },
    { table: 'identity', key: 2, value: ['reserved:world'] },
    { table: 'endpoint', key: 1, value: { id: 1, name: 'web', identity: 300, addresses: ['10.0.0.1'] } },
  ]);
  return service;
}

/** The lines of some metrics, without their prefix. */
const linesOf = async (service: FlowService, ...names: string[]): Promise<string[]> =>
  (await service.metrics())
    .split('\n')
    .filter((line) => names.some((name) => line.startsWith(`hubble_${name}`)))
    .map((line) => line.slice('hubble_'.length));

test('flows are counted under the field’s names', async () => {
  using service = serviceOf();
  const drop = recordOf({ type: 1, subtype: 133, packet: tcp(2) });
  put(service, drop);
  put(service, drop);
  put(service, recordOf({ type: 5, subtype: 0, towards: 0, reason: 0, packet: tcp(2) }));
  put(service, recordOf({ type: 5, subtype: 1, towards: 1, reason: 2, packet: tcp(2) }));
  put(service, recordOf({ type: 4, subtype: 0, reason: 0, packet: tcp(2) }));
  put(service, recordOf({ type: 4, subtype: 0, reason: 2, packet: tcp(0x12) }));
  put(service, recordOf({ type: 4, subtype: 3, reason: 1, packet: tcp(0x11) }));
  put(service, recordOf({ type: 4, subtype: 3, reason: 0, packet: icmp }));
  put(service, recordOf({ type: 4, subtype: 3, reason: 0 }));
  service.noteLost({ full: 4n, limited: 1n });
  assert.deepEqual(await linesOf(service, 'drop_total', 'policy', 'tcp', 'icmp', 'port', 'lost'), [
    'drop_total{reason="POLICY_DENIED",protocol="TCP"} 2',
    'policy_verdicts_total{direction="ingress",match="none",action="dropped"} 1',
    'policy_verdicts_total{direction="egress",match="l3-l4",action="forwarded"} 1',
    'tcp_flags_total{flag="SYN",family="IPv4"} 1',
    'tcp_flags_total{flag="SYN-ACK",family="IPv4"} 1',
    'tcp_flags_total{flag="FIN",family="IPv4"} 1',
    'icmp_total{family="IPv6",type="EchoRequest"} 1',
    'port_distribution_total{protocol="TCP",port="80"} 3',
    'lost_events_total{source="perf_event_ring_buffer"} 4',
    'lost_events_total{source="rate_limit"} 1',
    'lost_events_total{source="hubble_ring_buffer"} 0',
  ]);
  assert.deepEqual(await linesOf(service, 'flows_processed'), [
    'flows_processed_total{type="Drop",subtype="",verdict="DROPPED",protocol="TCP"} 2',
    'flows_processed_total{type="PolicyVerdict",subtype="",verdict="DROPPED",protocol="TCP"} 1',
    'flows_processed_total{type="PolicyVerdict",subtype="",verdict="FORWARDED",protocol="TCP"} 1',
    'flows_processed_total{type="Trace",subtype="to-endpoint",verdict="FORWARDED",protocol="TCP"} 2',
    'flows_processed_total{type="Trace",subtype="to-stack",verdict="FORWARDED",protocol="TCP"} 1',
    'flows_processed_total{type="Trace",subtype="to-stack",verdict="FORWARDED",protocol="ICMPv6"} 1',
    'flows_processed_total{type="Trace",subtype="to-stack",verdict="FORWARDED",protocol="Unknown"} 1',
  ]);
});

test('flows are told apart by the names of their ends, also when those change', async () => {
  using service = serviceOf([
    'drop:sourceContext=pod|ip;destinationContext=reserved-identity|ip;labelsContext=source_app,traffic_direction',
  ]);
  const drop = (source: string, identity: number) =>
    put(service, recordOf({ type: 1, subtype: 132, towards: 1, source: identity, packet: tcp(2, source) }));
  drop('10.0.0.1', 300);
  drop('10.0.0.1', 300);
  drop('10.9.9.9', 2);
  service.rename([
    { table: 'endpoint', key: 1, value: { id: 1, name: 'next', identity: 300, addresses: ['10.0.0.1'] } },
  ]);
  put(
    service,
    recordOf({
      time: process.hrtime.bigint(),
      type: 1,
      subtype: 132,
      towards: 1,
      source: 300,
      packet: tcp(2),
    }),
  );
  const line = (source: string, app: string, count: number) =>
    `drop_total{reason="INVALID_SOURCE_IP",protocol="TCP",source="${source}",destination="10.0.0.2",source_app="${app}",traffic_direction="egress"} ${count}`;
  assert.deepEqual(await linesOf(service, 'drop_total'), [
    line('shop/web', 'web', 2),
    line('10.9.9.9', '', 1),
    line('shop/next', 'web', 1),
  ]);
  assert.deepEqual(await linesOf(service, 'tcp', 'flows'), [], 'only what was asked for is counted');
});

test('options that nobody knows are refused with those that are known', () => {
  assert.deepEqual(parseMetricOptions('tcp'), { metric: 'tcp', source: [], destination: [], labels: [] });
  assert.throws(() => parseMetricOptions('tcb'), /no metric of flows "tcb". Use one of drop, flow, policy/);
  assert.throws(
    () => parseMetricOptions('tcp:sourcecontext=ip'),
    /no option of the metric tcp "sourcecontext"/,
  );
  assert.throws(() => parseMetricOptions('tcp:sourceContext=ip|x'), /no context "x". Use one of identity/);
  assert.throws(() => parseMetricOptions('tcp:labelsContext=source'), /no label "source"/);
});

test('reasons are called as Hubble calls them', () => {
  assert.deepEqual([133, 181, 132, 155, 175].map(dropReasonLabel), [
    'POLICY_DENIED',
    'POLICY_DENY',
    'INVALID_SOURCE_IP',
    'CT_MAP_INSERTION_FAILED',
    'FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND',
  ]);
});
