/**
 * Scenarios for tables of tests: policies as users write them, and what they say of packets to and from `web`. Every line is
 * asked of the engine and of the oracle, so that neither is trusted for the other's sake.
 */
import assert from 'node:assert/strict';
import type { Redirect } from '../engine/entry.ts';
import { lookup } from '../engine/lookup.ts';
import { PROTOCOL_NUMBERS, type Protocol, type Rule } from '../rules/rule.ts';
import { identity } from './build.ts';
import { verdict, type World } from './oracle.ts';
import { repositoryOf } from './repository.ts';

/** Who may appear in a scenario. */
export const CAST = {
  web: identity(256, 'app=web io.kubernetes.pod.namespace=default', [
    { name: 'http', protocol: 'TCP', port: 8080 },
  ]),
  foo: identity(257, 'app=foo io.kubernetes.pod.namespace=default', [
    { name: 'api', protocol: 'TCP', port: 9000 },
    { name: 'dns', protocol: 'UDP', port: 53 },
  ]),
  bar: identity(258, 'app=bar env=prod io.kubernetes.pod.namespace=default', [
    { name: 'api', protocol: 'TCP', port: 9001 },
  ]),
  away: identity(259, 'app=foo io.kubernetes.pod.namespace=other io.cilium.k8s.policy.cluster=away'),
  host: identity(1, 'reserved:host'),
  world: identity(2, 'reserved:world'),
  health: identity(4, 'reserved:health'),
  init: identity(5, 'reserved:init'),
  node: identity(6, 'reserved:remote-node app=foo'),
  apiserver: identity(7, 'reserved:kube-apiserver reserved:remote-node'),
  worldIpv4: identity(9, 'reserved:world-ipv4'),
  worldIpv6: identity(10, 'reserved:world-ipv6'),
  ten: identity(16777217, 'cidr:10.0.0.0/8'),
  tenOne: identity(16777218, 'cidr:10.1.0.0/16'),
  fd00: identity(16777219, 'cidr:fd00::/16'),
  example: identity(16777220, 'fqdn:www.example.com.'),
  anyExample: identity(16777221, 'fqdn:*.example.com.'),
} as const;
export type Name = keyof typeof CAST;

/**
 * - `allow`: it passes, no proxy sees it. `everything`: it passes, a proxy may see it. `redirect`: a proxy has to check it.
 * - `audit`: it passes and is reported. `deny`: a rule forbids it. `default-deny`: no rule allows it.
 */
export type Outcome = 'allow' | 'everything' | 'redirect' | 'audit' | 'deny' | 'default-deny';

/** `ingress foo TCP/80`: direction, peer, protocol (a number for one without a name), port. */
export type Packet = `${'ingress' | 'egress'} ${Name} ${Protocol | number}/${number}`;

export interface Scenario extends Partial<World['options']> {
  readonly rules: readonly Rule[];
  readonly cidrGroups?: World['cidrGroups'];
  /** `web` where absent. */
  readonly subject?: Name;
}

function worldOf({ rules, cidrGroups = [], ...options }: Scenario): World {
  const { enforcement = 'default', allowLocalhost = false, clusterName = 'home' } = options;
  return {
    rules,
    cidrGroups,
    identities: Object.values(CAST),
    options: { enforcement, allowLocalhost, clusterName },
  };
}

/** Asserts the outcome of packets. */
export function assertOutcomes(
  scenario: Scenario,
  outcomes: Readonly<Partial<Record<Packet, Outcome>>>,
): void {
  const world = worldOf(scenario);
  const subject = CAST[scenario.subject ?? 'web'].id;
  const { entries } = repositoryOf(world).resolve(subject);
  for (const [packet, expected] of Object.entries(outcomes)) {
    const [direction, peerName, protocolAndPort] = packet.split(' ') as ['ingress' | 'egress', Name, string];
    const [protocolName = '', portText] = protocolAndPort.split('/');
    const protocol = PROTOCOL_NUMBERS[protocolName as Protocol] ?? Number(protocolName);
    const port = Number(portText);
    const peer = CAST[peerName].id;

    const { action, audit, l7 } = verdict(world, { subject, direction, peer, protocol, port });
    const byOracle =
      action !== 'allow'
        ? action
        : audit
          ? 'audit'
          : l7 === null
            ? 'allow'
            : l7 === 'all'
              ? 'everything'
              : 'redirect';
    assert.equal(byOracle, expected, `${packet}, by the oracle`);

    const entry = lookup(entries, direction, peer, protocol, port);
    const byEngine = entry === undefined ? 'default-deny' : entry.audit ? 'audit' : entry.action;
    const fits =
      expected === 'everything' ? byEngine === 'allow' || byEngine === 'redirect' : byEngine === expected;
    assert.ok(fits, `${packet}, by the engine: ${byEngine} instead of ${expected}`);
  }
}

/** What stands in the map of a subject, one text for each entry: `ingress foo TCP/80 allow`, `egress any any allow`. */
export function mapOf(scenario: Scenario): string[] {
  const { entries } = repositoryOf(worldOf(scenario)).resolve(CAST[scenario.subject ?? 'web'].id);
  return entries.map(({ direction, identity, protocol, port, portPrefix, action, audit, redirect }) => {
    const name = Object.entries(CAST).find(([, { id }]) => id === identity)?.[0] ?? 'any';
    const ofNumber = Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === protocol);
    const length = portPrefix === 16 ? '' : `:${portPrefix}`;
    const ports = protocol === 0 ? 'any' : `${ofNumber?.[0] ?? protocol}/${port}${length}`;
    return `${direction} ${name} ${ports} ${action}${formatRedirect(redirect)}${audit ? ' audit' : ''}`;
  });
}

const formatRedirect = (redirect: Redirect | undefined): string =>
  redirect === undefined ? '' : ` to ${redirect.parser}`;

/** What a repository says of the rules of a scenario as a whole. */
export const resultOf = (scenario: Scenario): ReturnType<ReturnType<typeof repositoryOf>['resolve']> =>
  repositoryOf(worldOf(scenario)).resolve(CAST[scenario.subject ?? 'web'].id);
