/** What `waggle endpoint` prints. */
import type { Endpoint, EndpointHealth, EndpointStatusLog, LabelConfiguration } from '@waggle/agent/client';
import type { Style } from './output.ts';
import { factsText, fitTable } from './table.ts';

type Published = NonNullable<Endpoint['status']['waggle']['published-ports']>[number];

/** A line for each endpoint. */
export function endpointListText(
  endpoints: readonly Endpoint[],
  asked: readonly string[],
  width: number,
): string {
  if (endpoints.length === 0)
    return asked.length > 0
      ? `no endpoint has ${asked.join(' and ')}\n`
      : 'no endpoints; start one with waggle run, or attach a namespace with waggle endpoint attach\n';
  return fitTable(
    ['ID', 'NAME', 'STATE', 'POLICY', 'IDENTITY', 'LABELS', 'ADDRESSES'],
    endpoints.map((endpoint) => {
      const { identity, labels, state, waggle } = endpoint.status;
      return [
        endpoint.id,
        waggle.name,
        state,
        policyText(endpoint),
        identity?.id ?? '-',
        shortLabels(labels['security-relevant']).join(' ') || '-',
        addressesOf(endpoint).join(' ') || '-',
      ];
    }),
    width,
  );
}

/** All about one. */
export function endpointText(endpoint: Endpoint, style: Style): string {
  const { status } = endpoint;
  const { identity, labels, networking, policy, waggle, health } = status;
  const containers = Object.entries(status['external-identifiers']).map(([kind, id]) => `${kind}:${id}`);
  const ports = status.namedPorts.map(
    ({ name, port, protocol }) => `${name ?? '?'} = ${port}/${protocol ?? 'ANY'}`,
  );
  const facts: [string, string][] = [
    ['state', status.state],
    ['health', healthLine(health)],
    ['identity', identity ? String(identity.id) : 'none yet'],
    ['labels', labels['security-relevant'].join(' ') || 'none'],
    ['also', [...labels.derived, ...labels.disabled].join(' ')],
    ['addresses', addressesOf(endpoint).join(', ') || 'none'],
    [
      'device',
      `${networking['interface-name']} (number ${networking['interface-index']}), ${networking['host-mac']} here, ${networking.mac} in the endpoint`,
    ],
    ['namespace', waggle['network-namespace'] === 0 ? 'not known' : String(waggle['network-namespace'])],
    ['container', containers.join(', ')],
    ['ports', ports.join(', ')],
    ['published', (waggle['published-ports'] ?? []).map(publishedText).join(', ')],
    [
      'policy',
      `revision ${policy.realized['policy-revision']}, enforced: ${policyText(endpoint)}, ${entriesText(waggle['policy-entries'])}`,
    ],
    ['problem', waggle['policy-message'] ?? ''],
    ['created', waggle.created],
  ];
  const shown = facts.filter(([, text]) => text !== '');
  return `${style.paint('bold', waggle.name)}  (endpoint ${endpoint.id})\n${factsText(shown, style.width)}`;
}

/** `198.51.100.1:8080 -> 80/TCP`, `8080 -> 80/TCP` where that is at all addresses. */
function publishedText({ address, 'host-port': hostPort, port, protocol = 'TCP' }: Published): string {
  const host = address?.includes(':') ? `[${address}]` : address;
  return `${host === undefined ? '' : `${host}:`}${hostPort} -> ${port}/${protocol}`;
}

const entriesText = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`;

/** The log, a line an event. */
export const logText = (lines: EndpointStatusLog, width: number): string =>
  lines.length === 0
    ? 'nothing has happened yet\n'
    : fitTable(
        ['TIME', 'STATE', 'CODE', 'MESSAGE'],
        lines.map(({ timestamp, state, code, message }) => [timestamp, state, code, message]),
        width,
      );

/** Which labels there are, and which of them make the identity. */
export function labelsText({ spec, status }: LabelConfiguration, width: number): string {
  const user = new Set(spec.user ?? []);
  const rows = [
    ...status['security-relevant'].map((label) => [label, 'identity', user.has(label) ? 'user' : 'system']),
    ...status.derived.map((label) => [label, 'information', user.has(label) ? 'user' : 'system']),
    ...status.disabled.map((label) => [label, 'off', user.has(label) ? 'user' : 'system']),
  ];
  return rows.length === 0 ? 'no labels\n' : fitTable(['LABEL', 'USED FOR', 'GIVEN BY'], rows, width);
}

/** How an endpoint and its parts are. */
export const healthText = ({ overallHealth, bpf, policy, connected }: EndpointHealth): string =>
  factsText(
    [
      ['overall', overallHealth],
      ['programs', bpf],
      ['policy', policy],
      ['connected', connected ? 'yes' : 'no'],
    ],
    100,
  );

const healthLine = ({ overallHealth, bpf, policy }: EndpointHealth): string =>
  overallHealth === 'OK' ? 'OK' : `${overallHealth} (programs ${bpf}, policy ${policy})`;

/** In which directions what no rule allows is denied, and what is wrong. */
function policyText({ status }: Endpoint): string {
  const { 'policy-status': state } = status.waggle;
  const enforced = status.policy.realized['policy-enabled'];
  const [, audit, directions] = /^(audit-)?(.*)$/.exec(enforced) ?? [];
  return [directions, audit && 'audit', state !== 'ok' && state].filter(Boolean).join(', ');
}

/** The addresses of an endpoint: IPv4, then IPv6. */
export const addressesOf = ({ status }: Endpoint): string[] =>
  status.networking.addressing
    .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
    .filter((address) => address !== undefined);

/** Without the source that most labels have, and without the namespace that most endpoints are in. */
const shortLabels = (labels: readonly string[]): string[] =>
  labels
    .filter((label) => label !== 'k8s:io.kubernetes.pod.namespace=default')
    .map((label) => label.replace(/^k8s:/, ''));
