/**
 * Probes of virtual networking: one device of each kind, in a namespace that is made for it. A kernel with modules loads the
 * module of a kind when a device of it is asked for, as it does for `ip link add`.
 */
import { InformationAttribute, LinkAttribute } from '../net/link.ts';
import { writeLinkHeader } from '../net/link-spec.ts';
import { MessageBuilder } from '../net/message-builder.ts';
import { MessageFlag } from '../net/netlink-message.ts';
import { type Feature, type FeatureDefinition, feature } from './feature.ts';
import { withNamespace } from './sandbox.ts';

const RTM_NEWLINK = 16;
/** The attributes without which the kernel does not make a device of the kind (if_link.h). */
const IFLA_VXLAN_ID = 1;
const IFLA_GENEVE_COLLECT_METADATA = 6;
const IFLA_VRF_TABLE = 1;

/** Creates a device; the names of others that come with it are the kernel's choice. */
function tryDevice(kind: string, parameters?: (message: MessageBuilder) => void): undefined {
  withNamespace(({ socket }) => {
    const message = writeLinkHeader(
      new MessageBuilder(RTM_NEWLINK, MessageFlag.create | MessageFlag.exclusive),
      0,
      undefined,
    );
    message.addText(LinkAttribute.name, 'probe0');
    message.addNested(LinkAttribute.information, () => {
      message.addText(InformationAttribute.kind, kind);
      if (parameters) message.addNested(InformationAttribute.data, parameters);
    });
    socket.request(message, { operation: 'create', object: `a ${kind} device` });
  });
}

type Row = Pick<FeatureDefinition, 'title' | 'since' | 'config' | 'meaning' | 'attempt'>;

const rows: Readonly<Record<string, Row>> = {
  namespace: {
    title: 'network namespaces',
    since: '2.6.24',
    config: 'CONFIG_NET_NS',
    meaning: 'no endpoints with a network of their own; waggle needs it',
    attempt: () => withNamespace(() => undefined),
  },
  veth: {
    title: 'pairs of virtual devices',
    since: '2.6.24',
    config: 'CONFIG_VETH',
    meaning: 'no endpoints with a network of their own; waggle needs it',
    attempt: () => tryDevice('veth'),
  },
  netkit: {
    title: 'pairs of virtual devices that run programs themselves',
    since: '6.7',
    config: 'CONFIG_NETKIT',
    meaning: 'waggle connects endpoints by veth pairs instead',
    attempt: () => tryDevice('netkit'),
  },
  vxlan: {
    title: 'VXLAN tunnels',
    since: '3.7',
    config: 'CONFIG_VXLAN',
    meaning: 'no tunnels between nodes; their network must route the addresses of endpoints',
    attempt: () => tryDevice('vxlan', (message) => message.addU32(IFLA_VXLAN_ID, 1)),
  },
  geneve: {
    title: 'Geneve tunnels',
    since: '4.3',
    config: 'CONFIG_GENEVE',
    meaning: 'waggle tunnels by VXLAN instead',
    attempt: () => tryDevice('geneve', (message) => message.addFlag(IFLA_GENEVE_COLLECT_METADATA)),
  },
  wireguard: {
    title: 'WireGuard tunnels',
    since: '5.6',
    config: 'CONFIG_WIREGUARD',
    meaning: 'no encryption between nodes by WireGuard',
    attempt: () => tryDevice('wireguard'),
  },
  bridge: {
    title: 'virtual switches',
    since: '2.6.24',
    config: 'CONFIG_BRIDGE',
    meaning: 'containers of runtimes that use bridges cannot be on this host; waggle does not need it',
    attempt: () => tryDevice('bridge'),
  },
  dummy: {
    title: 'devices that hold addresses',
    since: '2.6.24',
    config: 'CONFIG_DUMMY',
    meaning: 'no devices that only hold addresses; waggle does not need them',
    attempt: () => tryDevice('dummy'),
  },
  vrf: {
    title: 'separate routing tables by device',
    since: '4.3',
    config: 'CONFIG_NET_VRF',
    meaning: 'tenants cannot have overlapping addresses on one host; waggle does not need it',
    attempt: () => tryDevice('vrf', (message) => message.addU32(IFLA_VRF_TABLE, 1)),
  },
};

/** `network veth` … */
export const networkFeatures: readonly Feature[] = Object.entries(rows).map(([name, row]) =>
  feature({ ...row, name: `network ${name}`, group: 'network', needs: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] }),
);
