/** What is known of a device of the host when its programs are loaded, and is part of their code from then on. */
import { be32, bool, config, hton32, type Infer, u16, u32 } from '@waggle/bpf';
import { type Address, isMapped, MAPPED } from './addresses.bpf.ts';

export const device = config({
  interface: u32,
  /** Whether what endpoints send to the world leaves with the device's address. */
  masquerade: bool,
  /** Whether ports of it lead to endpoints. */
  published: bool,
  /** Whether the host's policy is asked. */
  hostFirewall: bool,
  /** 0: it has none. */
  ipv4: be32,
  /** Its IPv6 address, in words; zeros: it has none. */
  ipv6Word0: be32,
  ipv6Word1: be32,
  ipv6Word2: be32,
  ipv6Word3: be32,
  /** The ports that translation may use. */
  firstPort: u16,
  lastPort: u16,
});

/** Whether an address is the device's. */
export function isDeviceAddress(address: Infer<typeof Address>): bool {
  if (isMapped(address)) return address[3] === device.ipv4;
  return (
    address[0] === device.ipv6Word0 &&
    address[1] === device.ipv6Word1 &&
    address[2] === device.ipv6Word2 &&
    address[3] === device.ipv6Word3
  );
}

/** Sets an address to the device's of a family. @returns whether it has one. */
export function setDeviceAddress(address: Infer<typeof Address>, isIpv4: bool): bool {
  if (isIpv4) {
    address[2] = hton32(MAPPED);
    address[3] = device.ipv4;
    return device.ipv4 !== 0;
  }
  address[0] = device.ipv6Word0;
  address[1] = device.ipv6Word1;
  address[2] = device.ipv6Word2;
  address[3] = device.ipv6Word3;
  return device.ipv6Word0 !== 0;
}
