/** Probes of what can be done with maps, programs and links beyond having them. */
import { MapFlag } from '@waggle/bpf';
import { check } from '../errors.ts';
import { attachNamespace } from '../link/namespace.ts';
import { enableStatistics } from '../program/program.ts';
import { LinkUpdate, MapBatch, MapElement, ProgramBindMap, TestRun } from '../sys/attributes.ts';
import { Command, execute } from '../sys/bpf.ts';
import { pageSize } from '../sys/libc.ts';
import { Mapping, NativeBuffer, Protection } from '../sys/memory.ts';
import { type Feature, type FeatureDefinition, feature } from './feature.ts';
import { withFunctionTypes } from './function-types.ts';
import { leastProgram } from './programs.ts';
import { withNamespace } from './sandbox.ts';
import { returning, withMap, withProgram } from './trial.ts';

/** The least packet that a program can be run on: an Ethernet header. */
const PACKET_SIZE = 14;
const TEST_RUN_LIVE_FRAMES = 2;
const XDP_DROP = 1;

function tryBatch(): undefined {
  withMap('array', (map_fd) => {
    const values = {
      map_fd,
      count: 1,
      keys: new NativeBuffer(4),
      values: new NativeBuffer(8),
      out_batch: new NativeBuffer(4),
    };
    check(execute(Command.mapLookupBatch, MapBatch, values), 'read', 'a batch of elements');
  });
}

function tryFreeze(): undefined {
  withMap('array', (map_fd) => {
    check(execute(Command.mapFreeze, MapElement, { map_fd }), 'freeze', 'a map');
  });
}

function tryMappedArray(): undefined {
  const map = (fd: number) => Mapping.create(fd, pageSize, Protection.readWrite, 0, 'an array map').close();
  withMap('array', map, MapFlag.Mmapable);
}

/** Maps the pages of both positions and the data, as a reader does. */
function tryRingBuffer(): undefined {
  withMap('ringBuffer', (fd) => {
    Mapping.create(fd, pageSize, Protection.readWrite, 0, 'a ring buffer').close();
    Mapping.create(fd, 3 * pageSize, Protection.read, pageSize, 'a ring buffer').close();
  });
}

function testRun(flags: number): undefined {
  const packet = new NativeBuffer(PACKET_SIZE);
  withProgram({ type: 'xdp', body: returning(XDP_DROP) }, ({ fd }) => {
    const values = { prog_fd: fd, data_in: packet, data_size_in: packet.size, repeat: 1, flags };
    check(execute(Command.programTestRun, TestRun, values), 'test-run', 'a program');
  });
}

function tryBtf(): undefined {
  withFunctionTypes([0], () => undefined);
}

/** Loads a program that says where its function and its source line begin. */
function trySourceLines(): undefined {
  const line = { instructionOffset: 0, file: 'probe.ts', source: 'return 1', line: 1, column: 1 };
  withFunctionTypes(
    [0],
    (fields) => withProgram({ type: 'tc', body: returning(1), fields }, () => undefined),
    [line],
  );
}

function tryLinkUpdate(): undefined {
  withNamespace(({ namespace }) =>
    withProgram(leastProgram('skLookup'), (first) =>
      withProgram(leastProgram('skLookup'), (second) => {
        using link = attachNamespace(first, namespace);
        const values = { link_fd: link.fd, new_prog_fd: second.fd };
        check(execute(Command.linkUpdate, LinkUpdate, values), 'update', 'a link');
      }),
    ),
  );
}

function tryBindMap(): undefined {
  withMap('array', (map_fd) =>
    withProgram(leastProgram('tc'), ({ fd }) => {
      check(execute(Command.programBindMap, ProgramBindMap, { prog_fd: fd, map_fd }), 'bind', 'a map');
    }),
  );
}

type Row = Pick<FeatureDefinition, 'title' | 'since' | 'meaning' | 'needs' | 'attempt'>;

const rows: Readonly<Record<string, Row>> = {
  'map batch': {
    title: 'many elements of a map in one call',
    since: '5.6',
    meaning: 'reading a map takes two calls for each element',
    needs: ['CAP_BPF'],
    attempt: tryBatch,
  },
  'map freeze': {
    title: 'maps that user space cannot change any more',
    since: '5.2',
    meaning: 'configuration is not constant for the verifier, which then keeps code for what is off',
    needs: ['CAP_BPF'],
    attempt: tryFreeze,
  },
  'mmapable array': {
    title: 'array maps in the memory of a process',
    since: '5.5',
    meaning: 'every counter that is read takes a system call',
    needs: ['CAP_BPF'],
    attempt: tryMappedArray,
  },
  'ring buffer': {
    title: 'ring buffers in the memory of a process',
    since: '5.8',
    meaning: 'no events: no flows, no drops; waggle needs it to observe',
    needs: ['CAP_BPF'],
    attempt: tryRingBuffer,
  },
  'test run': {
    title: 'programs run on a packet that is given',
    since: '4.12',
    meaning: 'packets cannot be replayed against the programs in the kernel',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN'],
    attempt: () => testRun(0),
  },
  'live frames': {
    title: 'XDP test runs whose packets are really sent',
    since: '5.18',
    meaning: 'no generating of traffic by XDP',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
    attempt: () => withNamespace(({ namespace }) => namespace.run(() => testRun(TEST_RUN_LIVE_FRAMES))),
  },
  btf: {
    title: 'type information of maps and programs',
    since: '4.18',
    meaning: 'tools show maps as bytes, and functions cannot be passed to helpers',
    needs: ['CAP_BPF'],
    attempt: tryBtf,
  },
  'source lines': {
    title: 'functions and source lines of programs',
    since: '5.0',
    meaning: 'verifier logs and dumps do not show the TypeScript source',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN'],
    attempt: trySourceLines,
  },
  'run statistics': {
    title: 'number and time of the runs of programs',
    since: '5.8',
    meaning: 'the cost of programs cannot be measured while they work',
    needs: ['CAP_SYS_ADMIN'],
    attempt: () => {
      enableStatistics().close();
    },
  },
  'link update': {
    title: 'exchange of the program of a link',
    since: '5.7',
    meaning: 'an update of waggle leaves a gap in which no program runs',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
    attempt: tryLinkUpdate,
  },
  'bind map': {
    title: 'maps that live as long as a program',
    since: '5.10',
    meaning: 'maps that no instruction names have to be pinned',
    needs: ['CAP_BPF', 'CAP_NET_ADMIN'],
    attempt: tryBindMap,
  },
};

/** `operation map batch` … */
export const operationFeatures: readonly Feature[] = Object.entries(rows).map(([name, row]) =>
  feature({ ...row, name: `operation ${name}`, group: 'operations' }),
);
