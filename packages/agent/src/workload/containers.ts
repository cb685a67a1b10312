/**
 * Containers by their id, whoever runs them: docker, podman, containerd, CRI-O put a container's processes into a control group
 * that is named by it (`docker-ID.scope`, `libpod-ID`, `cri-containerd-ID.scope`, `/docker/ID` …), so /proc tells, and no runtime has to be
 * asked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';

/** As runtimes write it: 64 hexadecimal digits, of which people type the first twelve. */
const FULL_LENGTH = 64;
const SHORTEST = 12;

/** Where a process is: the ids in the names of its control groups. */
const ID_IN_PATH = /(?:^|[^0-9a-f])([0-9a-f]{64})(?=$|[^0-9a-f])/g;

/**
 * The container ids in the text of a /proc/PID/cgroup file; the innermost last, where containers run in containers.
 */
export function containersOfCgroup(text: string): string[] {
  return text.split('\n').flatMap((line) => [...line.matchAll(ID_IN_PATH)].flatMap(([, id]) => id ?? []));
}

/**
 * The first process of a container: the one that was started first of those in it.
 * @param container - Its id, or at least 12 digits of it.
 * @param proc - The directory of processes.
 * @throws WaggleError NOT_FOUND; MALFORMED for what is no id (such as a name, which only its runtime knows).
 */
export function processOfContainer(container: string, proc = '/proc'): number {
  const valid = /^[0-9a-f]+$/.test(container);
  if (!valid || container.length < SHORTEST || container.length > FULL_LENGTH) {
    throw new WaggleError('MALFORMED', `"${container}" is not the id of a container`, {
      hint: 'It has 64 hexadecimal digits, of which the first 12 will do: docker inspect -f {{.Id}} NAME, crictl ps',
    });
  }
  const found = new Map<string, { pid: number; started: number }>();
  for (const entry of readdirSync(proc)) {
    if (!/^\d+$/.test(entry)) continue;
    const id = containersOfCgroup(read(`${proc}/${entry}/cgroup`)).findLast((each) =>
      each.startsWith(container),
    );
    if (id === undefined) continue;
    const started = startTime(read(`${proc}/${entry}/stat`));
    const first = found.get(id);
    if (started !== undefined && (first === undefined || started < first.started)) {
      found.set(id, { pid: Number(entry), started });
    }
  }
  const [first, second] = found.values();
  if (first === undefined) {
    throw new WaggleError('NOT_FOUND', `no process of container ${container} runs on this host`, {
      hint: 'Is it running? Its processes are looked for by the names of their control groups',
    });
  }
  if (second !== undefined) {
    throw new WaggleError('MALFORMED', `${found.size} containers have ids that begin with ${container}`, {
      hint: 'Write more digits',
    });
  }
  return first.pid;
}

/** Field 22 of /proc/PID/stat, in clock ticks; the name before it may contain anything, so what counts is the last parenthesis. */
function startTime(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[19];
  return ticks === undefined ? undefined : Number(ticks);
}

/** Empty when the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
