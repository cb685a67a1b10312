/** Which endpoint has which address. */
export { AddressBook, type AddressBookOptions, addressState } from './address-book.ts';
export { AddressPool, type AddressPoolOptions, type Lease } from './address-pool.ts';
export { type EndpointAddresses, listAddresses } from './endpoint-addresses.ts';
export { PoolSnapshot } from './pool-snapshot.ts';
