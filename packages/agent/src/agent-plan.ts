/**
 * What an agent would do to a host before it is asked for anything, so that it can be shown before it is done: where it works, what
 * it attaches, what it changes, and what it keeps where. Finding that out changes nothing.
 */
import { Network, NetworkNamespace } from '@waggle/kernel';
import { isOnlyWay } from './host/devices.ts';
import { hostNeeds, isolatedName, openHost } from './host/host.ts';
import { type AgentOptions, hubbleOf, socketOf } from './options.ts';
import { planHost } from './workload/index.ts';

/** A step, and where it is done. */
export interface PlanItem {
  readonly what:
    | 'work in'
    | 'make'
    | 'attach to'
    | 'change'
    | 'keep maps and programs in'
    | 'keep state in'
    | 'serve at'
    | 'serve flows at';
  readonly where: string;
}

/** @throws WaggleError NOT_FOUND for a namespace or a device that is not there. */
export function planAgent(options: AgentOptions): PlanItem[] {
  const kept: PlanItem[] = [
    { what: 'keep maps and programs in', where: options.pins },
    { what: 'keep state in', where: options['state-dir'] },
    { what: 'serve at', where: socketOf(options) },
    ...planHubble(options),
  ];
  return [...(isIsolated(options) ? planIsolated(options) : planPlace(options)), ...kept];
}

function planHubble(options: AgentOptions): PlanItem[] {
  const { socket, listen, tls } = hubbleOf(options) ?? {};
  const at: PlanItem[] = socket === undefined ? [] : [{ what: 'serve flows at', where: socket }];
  if (!listen) return at;
  const { host, port } = listen;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const how = !tls
    ? ', to everybody who reaches it'
    : tls.ca === undefined
      ? ' with TLS'
      : ' with TLS to known clients';
  return [...at, { what: 'serve flows at', where: `${address}${how}` }];
}

const isIsolated = ({ netns, device }: AgentOptions): boolean => netns === undefined && device.length === 0;

function planIsolated(options: AgentOptions): PlanItem[] {
  const name = isolatedName(options['state-dir']);
  const isThere = NetworkNamespace.list().some((each) => each.name === name);
  const where = `network namespace ${name}`;
  return isThere
    ? [{ what: 'work in', where: `${where}, made before` }]
    : [{ what: 'make', where: `${where}, and work there: this machine's own network is not touched` }];
}

function planPlace(options: AgentOptions): PlanItem[] {
  const host = openHost(options);
  using namespace = host.namespace;
  using network = Network.open(namespace);
  const attached = options.device.map((name): PlanItem => {
    const isOnly = isOnlyWay(network, network.links.index(name)) && !options.yes;
    const note = isOnly ? ', which has the only default route: undone after 30 s unless confirmed' : '';
    return { what: 'attach to', where: `device ${name}${note}` };
  });
  return [
    { what: 'work in', where: host.description },
    ...attached,
    ...planHost(namespace, hostNeeds(options)).map(
      ({ where, from, to }): PlanItem => ({
        what: 'change',
        where: `kernel parameter ${where} from ${from} to ${to}`,
      }),
    ),
  ];
}
