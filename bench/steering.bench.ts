import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codecOf, SkLookupMd } from '@waggle/bpf';
import {
  formatPrefix,
  listeningSockets,
  loadProgram,
  mountBpffs,
  Program,
  Socket,
  unmount,
} from '@waggle/kernel';
import {
  type Binding,
  BindingStore,
  formatPorts,
  parseBinding,
  parseBindingFile,
  Registry,
  Steering,
} from '@waggle/steering';
import { compileProgram, noClang } from '../e2e/support/corpus/twin.ts';
import { SteeringLab } from '../e2e/support/steering-lab.ts';
import { benchmark } from './support/benchmark.ts';
import { compare, cpuTime } from './support/measure.ts';

const MANY = 100_000;
const ROUNDS = 9;
const REPEAT = 200_000;
const SECOND = 1e9;

const binding = (prefix: string, port: string): Binding =>
  parseBinding({ label: 'www', protocol: 'tcp', prefix, port });

/** As many bindings of single addresses to ports. */
const bindings = (count: number): Binding[] =>
  Array.from({ length: count }, (_, index) =>
    binding(`10.${index >> 14}.${(index >> 6) & 255}.${index & 63}`, String(80 + (index % 50))),
  );

/** The file that has these bindings. */
const jsonOf = (list: readonly Binding[]): string =>
  JSON.stringify({
    bindings: list.map(({ label, protocol, prefix, ports }) => ({
      label,
      protocol,
      prefix: formatPrefix(prefix),
      port: formatPorts(ports),
    })),
  });

/** The first packet of a connection to an address and port, as the program sees it. */
function lookup(address: number, port: number): Uint8Array {
  const none = [0, 0, 0, 0];
  return codecOf(SkLookupMd).encode({
    cookie: 0n,
    family: 2,
    protocol: 6,
    remoteIp4: 0x7f000001,
    remoteIp6: none,
    remotePort: 40_000,
    localIp4: address,
    localIp6: none,
    localPort: port,
    ingressInterface: 0,
  });
}

await benchmark(
  {
    name: 'steering',
    about: `The program that steers, beside the same in C by clang -O2 (BPF_PROG_TEST_RUN); its lookups with
      ${MANY} bindings beside 10; and the CPU time in which ${MANY} bindings are loaded and replaced in one step.`,
    twin: 'beside',
  },
  async ({ row, note }) => {
    const bpffs = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
    mountBpffs(bpffs);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      using lab = new SteeringLab();
      const place = { namespace: lab.namespace, bpffs };
      using steering = Steering.load(place);
      const store = new BindingStore(steering);
      const { port } = server.address() as { port: number };
      const { fd = -1 } = listeningSockets(process.pid).find((each) => each.port === port) ?? {};
      using socket = Socket.ofProcess(process.pid, fd);
      new Registry(steering).register('www', [socket]);
      using program = Program.openPinned(join(steering.directory, 'program'));
      const time = (of: Program, context: Uint8Array) => of.testRun({ context, repeat: REPEAT }).duration;
      const [hit, miss] = [lookup(0x0a000001, 81), lookup(0x0b000001, 81)];

      store.replaceAll(bindings(10));
      if (noClang) note(`No C beside it: ${noClang}.`);
      else {
        const code = compileProgram(fileURLToPath(new URL('c/steer.c', import.meta.url)));
        const { maps } = steering;
        using twin = loadProgram({ type: 'skLookup', name: 'steer_c', code }, { maps });
        for (const [what, context] of Object.entries({ hit, miss })) {
          const figures = compare(
            ROUNDS,
            () => time(program, context),
            () => time(twin, context),
          );
          row({ what: `a ${what}, beside C`, unit: 'time', ...figures, goal: { ratio: 1.05 } });
        }
      }

      const text = jsonOf(bindings(MANY));
      for (const [what, body] of Object.entries({
        'CPU: load FILE': () => store.replaceAll(parseBindingFile('b.json', text)),
        'CPU: dry run of FILE': () => store.compare(parseBindingFile('b.json', text)),
      })) {
        const figures = compare(2, () => cpuTime(body));
        row({ what: what.replace('FILE', `${MANY} bindings, JSON`), unit: 'time', ...figures });
      }
      const list = bindings(MANY);
      const loading = compare(2, () => cpuTime(() => store.replaceAll(list)));
      row({ what: `CPU: replace ${MANY} bindings`, unit: 'time', ...loading, goal: { atMost: SECOND } });
      // Another one beside it, for in turn.
      using other = new SteeringLab();
      const otherPlace = { namespace: other.namespace, bpffs };
      using small = Steering.load(otherPlace);
      new BindingStore(small).replaceAll(bindings(10));
      new Registry(small).register('www', [socket]);
      using smallProgram = Program.openPinned(join(small.directory, 'program'));
      const flat = compare(
        ROUNDS,
        () => time(program, hit),
        () => time(smallProgram, hit),
      );
      row({ what: `a hit with ${MANY} bindings, beside 10`, unit: 'time', ...flat, goal: { ratio: 1.2 } });
      Steering.unload(otherPlace);
      Steering.unload(place);
    } finally {
      server.close();
      unmount(bpffs);
      rmdirSync(bpffs);
    }
  },
);
