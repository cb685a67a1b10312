/**
 * Policies that change while packets are decided. Two versions, in which one pair is denied, each time by another end, and another
 * pair is allowed: no packet may ever meet half of one and half of the other.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsRoot, withBpffs } from '../packages/kernel/src/testing/lab.ts';
import { datagram, hammer } from './support/traffic.ts';

await import('@waggle/compiler/register');
const { Datapath, Reason } = await import('@waggle/datapath');
const { InjectedFault, withFault } = await import('../packages/datapath/src/testing/faults.ts');
const { DatapathLab } = await import('./support/datapath-lab.ts');

const [X, Y, Z] = [300, 301, 302];
const PORT = 8080;
const CHANGES = Number(process.env.WAGGLE_TEST_CHANGES ?? 150);

const entry = (
  direction: 'ingress' | 'egress',
  identity: number,
  action: 'allow' | 'deny',
  protocol = 17,
) => ({
  direction,
  identity,
  protocol,
  port: protocol === 0 ? 0 : PORT,
  portPrefix: protocol === 0 ? 0 : 16,
  action,
  audit: false,
});
const anybody = (direction: 'ingress' | 'egress') => entry(direction, 0, 'allow', 0);

/** X may not talk to Y, and Z may: by X's egress in the first version, by Y's ingress in the second one. */
const VERSIONS = [
  [
    { identity: X, entries: [entry('egress', Y, 'deny'), anybody('egress'), anybody('ingress')] },
    { identity: Y, entries: [anybody('egress'), anybody('ingress')] },
    { identity: Z, entries: [entry('egress', Y, 'allow')] },
  ],
  [
    { identity: X, entries: [anybody('egress'), anybody('ingress')] },
    {
      identity: Y,
      entries: [anybody('egress'), entry('ingress', X, 'deny'), entry('ingress', Z, 'allow')],
    },
    { identity: Z, entries: [anybody('egress')] },
  ],
] as const;

const versionOf = (number: number) => ({ policies: VERSIONS[number % 2] ?? VERSIONS[0] });

/** Three endpoints, and packets from two of them to the third, which never end. */
async function withTraffic(
  body: (lab: InstanceType<typeof DatapathLab>, pins: string) => Promise<void> | void,
): Promise<void> {
  await withBpffs(async (bpffs) => {
    const pins = join(bpffs, 'waggle');
    using lab = new DatapathLab({ pins });
    lab.datapath.apply(versionOf(0));
    const [x, y, z] = [lab.endpoint(X), lab.endpoint(Y), lab.endpoint(Z)];
    const pinOf = ({ device }: typeof x): string => join(pins, 'endpoints', String(device), 'from');
    const traffic = await hammer(
      lab.host,
      { pin: pinOf(x), device: x.device, packet: datagram(x.ipv4, y.ipv4, PORT) },
      { pin: pinOf(z), device: z.device, packet: datagram(z.ipv4, y.ipv4, PORT) },
    );
    let counts: number[] = [];
    try {
      await body(lab, pins);
    } finally {
      counts = await traffic.stop();
    }
    const [denied = 0, allowed = 0] = counts;
    const counted = (reason: number): number => Number(lab.datapath.traffic(reason, 'Away').packets);
    assert.ok(allowed > 10_000, `${allowed} packets are no load`);
    assert.deepEqual(
      {
        denied: counted(Reason.DeniedByRule),
        allowed: counted(Reason.Forwarded),
        lost: counted(Reason.PolicyDenied),
      },
      { denied, allowed, lost: 0 },
    );
  });
}

test('a change of policies is in force at one instant', { skip: needsRoot }, async (context) => {
  await withTraffic((lab) => {
    const start = performance.now();
    for (let change = 1; change <= CHANGES; change++) lab.datapath.apply(versionOf(change));
    context.diagnostic(`${CHANGES} changes in ${Math.round(performance.now() - start)} ms`);
  });
});

test('a change that is cut off anywhere, and done again, is never half in force', {
  skip: needsRoot,
}, async () => {
  await withTraffic((lab, pins) => {
    let reached = true;
    for (let at = 0; reached; at++) {
      for (const halfWay of [false, true]) {
        const change = versionOf(at + 1);
        reached = withFault({ at, halfWay, forGood: true }, () => {
          try {
            lab.datapath.apply(change);
          } catch (error) {
            assert.ok(error instanceof InjectedFault);
          }
          lab.datapath.close();
        });
        lab.datapath = Datapath.open({ pins });
        lab.datapath.apply(change);
        lab.datapath.apply(versionOf(at));
      }
    }
  });
});
