/** Which nodes there are, for Hubble's relay: this one, for as long as it is there. */
import type { ServiceImpl } from '@connectrpc/connect';
import { aborted } from './aborted.ts';
import { ChangeNotificationType, type Peer } from './generated/peer/peer_pb.ts';
import type { NodeAddress } from './node-address.ts';

/** The service. */
export const peerService = (name: string, at: () => NodeAddress): ServiceImpl<typeof Peer> => ({
  async *notify(_, { signal }) {
    const { address, tls } = at();
    yield {
      name,
      address,
      type: ChangeNotificationType.PEER_ADDED,
      ...(tls && { tls: { serverName: tls.serverName } }),
    };
    await aborted(signal);
  },
});
