import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { FlowFilterSchema } from '@waggle/flows/hubble/client';
import { Command } from 'commander';
import { filtersOf } from './observe-filter.ts';
import { addFilterOptions, type GivenFilter } from './observe-filter-options.ts';

/** The filters of a command line, as JSON without what is empty. */
function filters(line: string) {
  const given: GivenFilter[] = [];
  const command = new Command().exitOverride();
  addFilterOptions(command, given);
  command.parse(line.split(' '), { from: 'user' });
  const { whitelist, blacklist } = filtersOf(given);
  const plain = (list: typeof whitelist) =>
    list.map((filter) =>
      JSON.parse(JSON.stringify(toJson(FlowFilterSchema, filter, { useProtoFieldName: true }))),
    );
  return { allow: plain(whitelist), deny: plain(blacklist) };
}

describe('filters of the command line', () => {
  const rows: readonly [line: string, allow: object[], deny?: object[]][] = [
    ['--from-ip 10.0.0.1', [{ source_ip: ['10.0.0.1'] }]],
    ['--to-ip fd00::/8 --to-ip ::1', [{ destination_ip: ['fd00::/8', '::1'] }]],
    ['--ip 10.0.0.1', [{ source_ip: ['10.0.0.1'] }, { destination_ip: ['10.0.0.1'] }]],
    [
      '--verdict DROPPED --from-pod default/a --protocol tcp',
      [{ source_pod: ['default/a'], verdict: ['DROPPED'], protocol: ['tcp'] }],
    ],
    [
      '--port 80 --verdict dropped',
      [
        { source_port: ['80'], verdict: ['DROPPED'] },
        { destination_port: ['80'], verdict: ['DROPPED'] },
      ],
    ],
    ['--from-name web', [{ source_pod: ['/web'] }]],
    ['-n prod', [{ source_pod: ['prod/'] }, { destination_pod: ['prod/'] }]],
    ['--to-namespace prod --to-pod web', [{ destination_pod: ['prod/web'] }]],
    ['--to-pod web --to-namespace prod', [{ destination_pod: ['prod/web'] }]],
    ['-A', [{ source_pod: ['/'] }, { destination_pod: ['/'] }]],
    ['--from-identity world', [{ source_identity: [2] }]],
    ['--identity 300', [{ source_identity: [300] }, { destination_identity: [300] }]],
    ['--from-workload Deployment/web', [{ source_workload: [{ kind: 'Deployment', name: 'web' }] }]],
    ['--drop-reason policy-denied', [{ drop_reason_desc: ['POLICY_DENIED'] }]],
    ['--drop-reason-desc 181', [{ drop_reason_desc: ['POLICY_DENY'] }]],
    ['-t drop', [{ event_type: [{ type: 1 }] }]],
    ['-t trace:to-endpoint', [{ event_type: [{ type: 4, match_sub_type: true }] }]],
    ['-t trace:to-stack', [{ event_type: [{ type: 4, match_sub_type: true, sub_type: 3 }] }]],
    ['-t drop:POLICY_DENIED', [{ event_type: [{ type: 1, match_sub_type: true, sub_type: 133 }] }]],
    ['-t 129', [{ event_type: [{ type: 129 }] }]],
    ['--tcp-flags syn,ack', [{ tcp_flags: [{ SYN: true, ACK: true }] }]],
    ['-4 --traffic-direction egress', [{ ip_version: ['IPv4'], traffic_direction: ['EGRESS'] }]],
    ['--encrypted', [{ encrypted: [true] }]],
    ['--interface eth0 --node-name lab*', [{ interface: [{ name: 'eth0' }], node_name: ['lab*'] }]],
    ['--http-header a:b:c', [{ http_header: [{ key: 'a', value: 'b:c' }] }]],
    ['--ip-trace-id 7', [{ ip_trace_id: ['7'] }]],
    ['--cel-expression true', [{ experimental: { cel_expression: ['true'] } }]],
    ['--allowlist {"verdict":["AUDIT"]}', [{ verdict: ['AUDIT'] }]],
    [
      '--not --from-ip 10.0.0.1 --protocol udp --not --verdict FORWARDED',
      [{ protocol: ['udp'] }],
      [{ source_ip: ['10.0.0.1'], verdict: ['FORWARDED'] }],
    ],
    ['--denylist {"reply":[true]}', [], [{ reply: [true] }]],
  ];
  for (const [line, allow, deny = []] of rows)
    test(line, () => assert.deepEqual(filters(line), { allow, deny }));

  const wrong: readonly [line: string, text: RegExp][] = [
    ['--from-ip 10.0.0', /^WaggleError: --from-ip "10\.0\.0" is no IP address or prefix\. As 10\.0\.0\.1/],
    ['--to-port http', /--to-port "http" is no port\. Ports are numbers from 0 to 65535/],
    ['--verdict FORWADED', /--verdict "FORWADED" is no verdict\. Did you mean FORWARDED\?/],
    ['--verdict VERDICT_UNKNOWN', /is no verdict/],
    ['--drop-reason nothing', /--drop-reason "NOTHING" is no drop reason\. waggle help observe lists some/],
    ['--protocol tpc', /--protocol "tpc" is no protocol\. Did you mean tcp\?/],
    ['-t drops', /--type "drops" is no event type\. Did you mean drop\?/],
    ['-t trace:to-nowhere', /--type "to-nowhere" is no place of a trace/],
    ['-t policy-verdict:x', /has a subtype, which this type has not\. Leave out :x/],
    ['--identity web', /--identity "web" is no identity\. It is a number, or one of unknown, host/],
    ['--traffic-direction up', /"UP" is no traffic direction\. There are INGRESS, EGRESS/],
    ['--tcp-flags syn,akc', /--tcp-flags "akc" is no TCP flag\. Did you mean ack\?/],
    ['--ip-version 5', /"5" is no version of IP\. Versions are v4 and v6/],
    ['--http-path [', /--http-path "\[" is no regular expression/],
    ['--http-header x', /"x" is no header\. As name:value/],
    ['--ip-trace-id 0', /"0" is no number from 1 on/],
    ['--allowlist {', /--allowlist \{ is no FlowFilter\. It is JSON, as/],
  ];
  for (const [line, text] of wrong) test(line, () => assert.throws(() => filters(line), text));
});
