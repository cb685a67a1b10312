/** Random policies and labels on real packets: for each pair, protocol and port, what gets through is what a trace says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { IpProtocol } from '@waggle/bpf';
import fc from 'fast-check';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';
import { APPS, PORTS, policiesText } from './support/random-policies.ts';

await import('@waggle/compiler/register');
const { AgentLab } = await import('./support/agent-lab.ts');
type Lab = Awaited<ReturnType<typeof AgentLab.start>>;
type Endpoint = Awaited<ReturnType<Lab['endpoint']>>;

const WORLDS = 4;
const ENDPOINTS = 4;
const noPing = spawnSync('ping', ['-V']).error ? 'ping is not installed' : false;
/** Milliseconds to wait for an answer that is not expected, and for one that should come: the machine may be busy. */
const [PATIENCE, MUCH_PATIENCE] = [600, 10_000];
const ECHO = {
  ipv4: { protocol: IpProtocol.Icmp, port: 8 },
  ipv6: { protocol: IpProtocol.Icmpv6, port: 128 },
} as const;

/** Something that one endpoint tries with another. */
interface Attempt {
  readonly to: Endpoint;
  readonly family: 'ipv4' | 'ipv6';
  readonly kind: 'tcp' | 'udp' | 'echo';
  /** As traces have it: a type for ICMP. */
  readonly protocol: number;
  readonly port: number;
}

const attemptsAt = (others: readonly Endpoint[]): Attempt[] =>
  others.flatMap((to) =>
    (['ipv4', 'ipv6'] as const).flatMap((family) => [
      ...PORTS.flatMap((port) => [
        { to, family, kind: 'tcp' as const, protocol: IpProtocol.Tcp, port },
        { to, family, kind: 'udp' as const, protocol: IpProtocol.Udp, port },
      ]),
      { to, family, kind: 'echo' as const, ...ECHO[family] },
    ]),
  );

/** Whether each attempt was answered. */
async function tryAll(lab: Lab, from: Endpoint, attempts: readonly Attempt[], patience: number) {
  const questions = attempts.flatMap(({ to, family, kind: protocol, port }) =>
    protocol === 'echo' ? [] : { protocol, address: to[family] ?? '', port, patience },
  );
  const [answers, echoes] = await Promise.all([
    lab.talk.ask(from.netns, ...questions),
    Promise.all(
      attempts
        .filter(({ kind }) => kind === 'echo')
        .map(async ({ to, family }) => {
          const args = ['-n', '-c', '1', '-W', String(patience / 1000), to[family] ?? ''];
          const [code] = await once(from.netns.spawn('ping', args, { stdio: 'ignore' }), 'close');
          return code === 0 ? 'answered' : 'no answer';
        }),
    ),
  ]);
  const [others, pings] = [answers.values(), echoes.values()];
  return attempts.map(({ kind }) => (kind === 'echo' ? pings : others).next().value === 'answered');
}

test('for every pair, protocol and port the kernel does what the trace says', {
  skip: needsRoot || noPing,
}, async (context) => {
  await using lab = await AgentLab.start();
  const endpoints: Endpoint[] = [];
  for (let index = 0; index < ENDPOINTS; index++) endpoints.push(await lab.endpoint(`app=${APPS[0]}`));
  for (const { netns } of endpoints) await lab.talk.serve(netns, ...PORTS);
  let [allowed, denied] = [0, 0];
  const compare = async (from: Endpoint): Promise<string[]> => {
    const attempts = attemptsAt(endpoints.filter((to) => to !== from));
    const expected = attempts.map(({ to, protocol, port }) => {
      const ends = { from: { endpoint: from.id }, to: { endpoint: to.id } };
      return lab.agent.policies.trace({ ...ends, protocol, port }).verdict === 'allowed';
    });
    const answered = await tryAll(lab, from, attempts, PATIENCE);
    const late = attempts.filter((_, index) => expected[index] && !answered[index]);
    const again = late.length > 0 ? await tryAll(lab, from, late, MUCH_PATIENCE) : [];
    const inTime = new Set(late.filter((_, index) => again[index]));
    return attempts.flatMap((attempt, index) => {
      const gotThrough = answered[index] || inTime.has(attempt);
      if (expected[index]) allowed++;
      else denied++;
      if (gotThrough === expected[index]) return [];
      const { to, family, kind, port } = attempt;
      return `${from.name} to ${to.name}, ${family} ${kind} ${port}: ${gotThrough ? 'passes' : 'does not pass'}`;
    });
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...APPS), { minLength: ENDPOINTS, maxLength: ENDPOINTS }),
      policiesText,
      fc.constantFrom('default', 'default', 'always'),
      async (apps, policies, enforcement) => {
        lab.agent.setConfig({ enforcement });
        for (const [index, { id }] of endpoints.entries()) {
          lab.agent.endpoints.changeLabels({ id }, { add: [`app=${apps[index]}`], remove: [] });
        }
        lab.agent.policies.apply(policies, { replace: true });
        const otherwise = (await Promise.all(endpoints.map(compare))).flat();
        assert.deepEqual(otherwise, [], `with ${apps.join(', ')}`);
      },
    ),
    { numRuns: WORLDS, endOnFailure: true },
  );
  context.diagnostic(`${allowed} allowed, ${denied} denied`);
  assert.ok(allowed > 0 && denied > 0, 'both were seen');
});
