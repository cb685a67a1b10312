/** The programs of one endpoint, and packets made by hand: what becomes of each, and why. No device is needed. */
import { metricOf, monitoringConfig, Reason, Towards } from '@waggle/datapath';
import type { Program } from '@waggle/kernel';
import { EndpointPrograms } from '../../packages/datapath/src/endpoint-programs.ts';
import { EndpointTable } from '../../packages/datapath/src/endpoint-table.ts';
import { checkedSizes, policySpec } from '../../packages/datapath/src/layout.ts';
import { closeMaps, createMaps } from '../../packages/datapath/src/pins.ts';
import { PolicySets } from '../../packages/datapath/src/policy-sets.ts';
import { anything } from './anything.ts';

/** The endpoint, and another one of this host; all else is outside. */
const MAC = '02:00:00:00:00:02';
export const OWN = { mac: MAC, interface: 1, identity: 300, ipv4: '10.0.0.1', ipv6: '2001:db8:1::1' };
export const OTHER = { mac: MAC, interface: 102, identity: 301, ipv4: '10.0.0.2', ipv6: '2001:db8:1::2' };

/** Which connections of the endpoint policy lets pass: all, or those that one side begins. */
export type Openness = 'open' | 'egress' | 'ingress';

/** What became of a packet. */
export interface Fate {
  readonly verdict: 'pass' | 'drop' | 'redirect';
  /** What it was counted for; nothing for what is answered at once. */
  readonly reason: keyof typeof Reason | undefined;
  readonly data: Uint8Array;
}

const SIZES = checkedSizes({ maxConnections: 1024 });
const VERDICTS = { 0: 'pass', 2: 'drop', 7: 'redirect' } as const;

export class PacketLab implements Disposable {
  readonly maps = createMaps(SIZES);
  readonly #policies = new PolicySets(this.maps, policySpec(SIZES));
  readonly #programs: EndpointPrograms;

  constructor(openness: Openness = 'open') {
    const table = new EndpointTable(this.maps);
    for (const spec of [OWN, OTHER]) table.put(spec);
    this.#programs = new EndpointPrograms(this.maps, monitoringConfig());
    this.allow(openness);
    this.#allow(OTHER.identity, 'open');
  }

  /** Changes what policy lets pass. */
  allow(openness: Openness): void {
    this.#allow(OWN.identity, openness);
  }

  /** What becomes of a frame that the endpoint sends. */
  sends(frame: Uint8Array): Fate {
    return this.#run(this.#programs.from, frame, 'Away');
  }

  /** What becomes of a frame that the host has for the endpoint. */
  gets(frame: Uint8Array): Fate {
    return this.#run(this.#programs.to, frame, 'Endpoint');
  }

  close(): void {
    this.#programs.close();
    this.#policies.close();
    closeMaps(this.maps);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #allow(identity: number, openness: Openness): void {
    const directions = (['ingress', 'egress'] as const).filter(
      (each) => openness === 'open' || openness === each,
    );
    const entries = directions.map(anything);
    this.#policies.write(this.#policies.plan([{ identity, entries, target: () => ({ cookie: 1 }) }]));
    this.#policies.turn();
  }

  #run(program: Program, frame: Uint8Array, towards: keyof typeof Towards): Fate {
    const before = this.#counts(towards);
    const { result, data } = program.testRun({ data: frame });
    const after = this.#counts(towards);
    const verdict = VERDICTS[result as keyof typeof VERDICTS];
    const names = Object.keys(Reason) as (keyof typeof Reason)[];
    return {
      verdict,
      reason: names.find((name) => after.get(Reason[name]) !== before.get(Reason[name])),
      data,
    };
  }

  /** Packets by reason. */
  #counts(towards: keyof typeof Towards): ReadonlyMap<number, bigint> {
    const slots = new Map(this.maps.metrics);
    const count = (reason: number): bigint =>
      (slots.get(metricOf(reason, Towards[towards])) ?? []).reduce((sum, { packets }) => sum + packets, 0n);
    return new Map(Object.values(Reason).map((reason) => [reason, count(reason)]));
  }
}
