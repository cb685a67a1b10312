import { setTimeout } from 'node:timers/promises';
import { Link, Network, NetworkNamespace, Program } from '@waggle/kernel';
import { FIRST_ALLOCATED, PolicyRepository, parseLabel, parsePolicies, type Rule } from '@waggle/policy';
import { datagram } from '../e2e/support/traffic.ts';
import { benchmark } from './support/benchmark.ts';
import { cpuTime, median } from './support/measure.ts';

await import('@waggle/compiler/register');
const { Datapath } = await import('@waggle/datapath');

const ROUNDS = 11;
/** Long enough for the set of policies that was in force before to have followed. */
const PAUSE = 60;
const MILLISECOND = 1e6;
const PORTS = [8080, 9090] as const;
const PEER = '10.9.0.1';
const SUBJECT = FIRST_ALLOCATED;
const SHOT = 2;
/** enum bpf_attach_type, include/uapi/linux/bpf.h */
const TCX_INGRESS = 46;
const place = parseLabel('k8s:policy=bench');

/** Rules for everybody, each lets one peer be reached at a port; the first one decides about the flow. */
function rulesOf(count: number, port: number): Rule[] {
  const peers = Array.from(
    { length: count },
    (_, index) => `    - toEndpoints: [{ matchLabels: { peer: p${index} } }]
      toPorts: [{ ports: [{ port: "${port}", protocol: UDP }] }]`,
  );
  const text = `- endpointSelector: { matchLabels: { app: subject } }
  labels: [{ source: k8s, key: policy, value: bench }]
  egress:
${peers.join('\n')}`;
  return [...parsePolicies(text).rules];
}

/** A repository with subjects and as many peers. */
function repositoryOf(subjects: number, peers: number): PolicyRepository {
  const repository = new PolicyRepository();
  for (let index = 0; index < subjects; index++) {
    const labels = [parseLabel('k8s:app=subject'), parseLabel(`k8s:version=v${index}`)];
    repository.setIdentity({ id: SUBJECT + index, labels });
    repository.track(SUBJECT + index);
  }
  for (let index = 0; index < peers; index++) {
    repository.setIdentity({ id: SUBJECT + 1000 + index, labels: [parseLabel(`k8s:peer=p${index}`)] });
  }
  return repository;
}

await benchmark(
  {
    name: 'policy-apply',
    about: `CPU time from rules that change to the first packet of a live flow that meets them, for all of which nothing has to be
      waited for: the repository computes what changes, the datapath writes it and turns, the program of the endpoint is asked.
      Every entry changes. Medians of ${ROUNDS}.`,
  },
  async ({ row }) => {
    const namespace = NetworkNamespace.create(`wgbench${process.pid}`);
    using _removal = { [Symbol.dispose]: () => namespace.remove() };
    using network = Network.open(namespace);
    network.links.create({ kind: 'veth', name: 'veth0', peer: { name: 'veth1' } });
    const device = network.links.index('veth0');
    using datapath = Datapath.create({ maxConnections: 4096 });
    const spec = {
      interface: device,
      identity: SUBJECT,
      ipv4: '10.0.0.1',
      mac: '02:00:00:00:00:01',
    };
    const others = new Set(Link.ids());
    const attach: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      attach.push(cpuTime(() => namespace.run(() => datapath.addEndpoint(spec))));
    }
    using program = programAmong(
      Link.ids().filter((id) => !others.has(id)),
      device,
    );
    datapath.apply({ peers: [{ prefix: `${PEER}/32`, identity: SUBJECT + 1000 }] });
    const packet = Buffer.from(datagram('10.0.0.1', PEER, PORTS[0]), 'hex');
    const passes = (): boolean => program.testRun({ data: packet }).result !== SHOT;

    for (const [subjects, count, goal] of [
      [1, 2, 4],
      [1, 202, undefined],
      [1, 2002, 40],
      [100, 2, 50],
      [100, 202, undefined],
    ] as const) {
      const repository = repositoryOf(subjects, count);
      const versions = PORTS.map((port) => rulesOf(count, port));
      for (let index = 0; index < subjects; index++) {
        const identity = SUBJECT + index;
        datapath.apply({ policies: [{ identity, entries: repository.resolve(identity).entries }] });
      }
      repository.takeChanges();
      const times: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        await setTimeout(PAUSE);
        let allowed: boolean | undefined;
        const time = cpuTime(() => {
          repository.replace([place], versions[round % 2] ?? []);
          const policies = repository
            .takeChanges()
            .map(({ identity, upserted, removed }) => ({ identity, upserted, removed }));
          datapath.apply({ policies });
          allowed = passes();
        });
        times.push(time);
        if (allowed !== (round % 2 === 0)) throw new Error('The flow does not follow the policy.');
      }
      row({
        what: `${count} rules, ${subjects} ${subjects === 1 ? 'identity' : 'identities'}`,
        ours: median(times.slice(1)),
        unit: 'time',
        ...(goal !== undefined && { goal: { atMost: goal * MILLISECOND } }),
      });
    }
    row({
      what: 'programs of an endpoint in place',
      ours: median(attach.slice(1)),
      unit: 'time',
    });
  },
);

/** The program for what comes from an endpoint, among links that are new. */
function programAmong(ids: readonly number[], device: number): Program {
  for (const id of ids) {
    using link = Link.openById(id);
    const { target, programId } = link.info();
    const isOurs = target.kind === 'device' && target.interfaceIndex === device;
    if (isOurs && target.attachType === TCX_INGRESS) return Program.openById(programId);
  }
  throw new Error('There is no program at the device.');
}
