/** Which endpoint has which address. */
export { AddressPool, type AddressPoolOptions, type Lease } from './address-pool.ts';
export { PoolSnapshot } from './pool-snapshot.ts';
