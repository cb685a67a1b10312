/** Filters of messages over flows that are messages: what a server does, for flows that come from elsewhere. `@waggle/flows/hubble/filter`. */
import { CompiledFilters } from '../filter/compile.ts';
import { Names } from '../names/names.ts';
import { filterOf } from './filter-message.ts';
import { flowOf } from './flow-of-message.ts';
import type { Flow, FlowFilter } from './generated/flow/flow_pb.ts';

/**
 * Whether a flow is wanted: one of the first filters matches, if there are any, and none of the second.
 * @throws WaggleError for filters that cannot be understood, see {@link CompiledFilters}
 */
export function messageFilter(
  allow: readonly FlowFilter[],
  deny: readonly FlowFilter[],
): (flow: Flow) => boolean {
  const filters = new CompiledFilters(allow.map(filterOf), deny.map(filterOf), { names: new Names() });
  return (flow) => filters.matches(flowOf(flow));
}
