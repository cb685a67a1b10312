/** What `waggle endpoint attach` and `detach` do: they ask the agent, print, and end. */
import { resolve } from 'node:path';
import type { EndpointChangeRequest } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { endpointId } from './endpoint-id.ts';
import { addressesOf } from './endpoint-text.ts';
import { print } from './print.ts';
import { endpointRequest, type WorkloadOptions } from './workload-options.ts';

/** Which namespace becomes an endpoint: one of these. */
export interface PlaceOptions {
  readonly pid?: number;
  readonly netns?: string;
  readonly container?: string;
}

export type AttachOptions = ClientOptions & WorkloadOptions & PlaceOptions;

export async function attach(options: AttachOptions, context: Context): Promise<void> {
  const request = { ...endpointRequest(options), ...placeOf(options) };
  const endpoint = await ask(context, agentOf(options).createEndpoint(request));
  const { waggle } = endpoint.status;
  print(options, context, endpoint, () => `attached ${waggle.name} (${addressesOf(endpoint).join(', ')})\n`);
}

export async function detach(
  names: readonly string[],
  options: ClientOptions,
  context: Context,
): Promise<void> {
  const agent = agentOf(options);
  for (const name of names) {
    await ask(context, agent.deleteEndpoint(endpointId(name)));
    if (options.output === 'table') context.stdout.write(`detached ${name}\n`);
  }
  if (options.output !== 'table') print(options, context, { detached: names }, () => '');
}

/** @throws WaggleError MALFORMED unless it is exactly one place. */
function placeOf({ pid, netns, container }: PlaceOptions): EndpointChangeRequest {
  const places: EndpointChangeRequest[] = [
    ...(pid === undefined ? [] : [{ pid }]),
    ...(netns === undefined ? [] : [{ netns: netns.includes('/') ? resolve(netns) : `/run/netns/${netns}` }]),
    ...(container === undefined ? [] : [{ container, 'container-id': container }]),
  ];
  const [place, ...more] = places;
  if (place !== undefined && more.length === 0) return place;
  throw new WaggleError('MALFORMED', 'attach needs one network namespace', {
    hint: 'Name it by one of --pid, --netns and --container',
  });
}
