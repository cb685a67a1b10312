/**
 * The network of one namespace: its devices, addresses, routes and what else rtnetlink can set up.
 *
 *     using network = Network.open(namespace);
 *     network.links.create({ kind: 'veth', name: 'wg0', up: true, peer: { name: 'eth0', namespace: pod } });
 *     network.addresses.add('wg0', '10.0.0.1/32');
 *     network.routes.add({ destination: '10.0.0.2', device: 'wg0' });
 *
 * Everything is synchronous, and takes effect before the call returns.
 */
import type { Watch } from '../sys/libc.ts';
import { decodeEvent, type NetworkEvent, type Topic, topicGroups } from './events.ts';
import { Fdb } from './fdb.ts';
import { Filters } from './filters.ts';
import { InterfaceAddresses } from './interface-addresses.ts';
import { Links } from './links.ts';
import type { NetworkNamespace } from './namespace.ts';
import { Neighbours } from './neighbours.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { Offloads } from './offloads.ts';
import { Qdiscs } from './qdiscs.ts';
import { Routes } from './routes.ts';
import { Rules } from './rules.ts';

/** A connection to the network of a namespace, until {@link Network.close}. It holds the namespace alive. */
export class Network implements Disposable {
  readonly links: Links;
  readonly addresses: InterfaceAddresses;
  readonly routes: Routes;
  readonly rules: Rules;
  readonly neighbours: Neighbours;
  readonly fdb: Fdb;
  readonly qdiscs: Qdiscs;
  readonly filters: Filters;
  readonly offloads: Offloads;
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    this.links = new Links(socket);
    this.addresses = new InterfaceAddresses(socket);
    this.routes = new Routes(socket);
    this.rules = new Rules(socket);
    this.neighbours = new Neighbours(socket);
    this.fdb = new Fdb(socket);
    this.qdiscs = new Qdiscs(socket);
    this.filters = new Filters(socket);
    this.offloads = new Offloads(socket);
  }

  /** Opens the network of a namespace, by default of the one that the calling thread is in. */
  static open(namespace?: NetworkNamespace): Network {
    return new Network(
      NetlinkSocket.open({ family: 'route', ...(namespace === undefined ? {} : { namespace }) }),
    );
  }

  /**
   * Calls back on the event loop whenever something of these topics changes. The watch goes on until its own `close`.
   */
  watch(topics: readonly Topic[], callback: (event: NetworkEvent) => void): Watch {
    const socket = this.#socket.sibling('route');
    try {
      const groups = topics.flatMap((topic) => topicGroups[topic]);
      const watch = socket.watch(groups, (notification) => {
        if (notification === 'lost') {
          callback({ subject: 'lost' });
          return;
        }
        for (const message of notification) {
          const event = decodeEvent(message);
          if (event !== undefined) callback(event);
        }
      });
      return { close: () => socket.close(), unref: () => watch.unref() };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Closes the connection; what was set up stays. Closing twice is harmless. */
  close(): void {
    this.offloads.close();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
