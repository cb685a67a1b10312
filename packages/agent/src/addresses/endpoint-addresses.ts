/** The addresses of an endpoint: one of each family at most. */
export interface EndpointAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Those that it has, IPv4 first. */
export const listAddresses = ({ ipv4, ipv6 }: EndpointAddresses): string[] =>
  [ipv4, ipv6].filter((address) => address !== undefined);
