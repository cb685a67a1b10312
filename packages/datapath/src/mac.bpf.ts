/** MAC addresses, as programs write them. */
import { be16, be32, type Ref, struct } from '@waggle/bpf';
import { GATEWAY_MAC_HIGH, GATEWAY_MAC_LOW } from './gateway.ts';

/** In two parts. */
export const Mac = struct('mac', { high: be32, low: be16 }, { packed: true });
/** Where a frame has the one that it comes from. */
export const SOURCE_MAC = 6;

/** Makes it that of the gateway. */
export function setGateway(mac: Ref<typeof Mac>): void {
  mac.high = GATEWAY_MAC_HIGH;
  mac.low = GATEWAY_MAC_LOW;
}
