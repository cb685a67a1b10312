/** Parts of an agent that are made of its options alone. */
import { PolicyRepository } from '@waggle/policy';
import { AddressBook } from './addresses/index.ts';
import type { AgentState } from './agent-state.ts';
import type { MutableConfig } from './control.ts';
import type { AgentOptions } from './options.ts';

/** A repository that knows nothing yet. */
export function newRepository({ enforcement }: MutableConfig, options: AgentOptions): PolicyRepository {
  return new PolicyRepository({ enforcement, allowLocalhost: options['allow-localhost'] });
}

/** The addresses of its pools; a pool that is `none` is none. */
export function openAddresses(options: AgentOptions, document: AgentState['addresses']): AddressBook {
  const { 'ipv4-pool': ipv4, 'ipv6-pool': ipv6 } = options;
  return new AddressBook({
    ...(ipv4 !== 'none' && { ipv4: { cidr: ipv4 } }),
    ...(ipv6 !== 'none' && { ipv6: { cidr: ipv6 } }),
    document,
  });
}
