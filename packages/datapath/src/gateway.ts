/**
 * The MAC address of the host on every endpoint's pair. It is the same everywhere and in the programs themselves, so that no packet
 * has to ask for it.
 */
export const GATEWAY_MAC = '02:77:61:67:67:01';
/** Its parts, as programs write it. */
export const GATEWAY_MAC_HIGH = 0x0277_6167;
export const GATEWAY_MAC_LOW = 0x6701;
