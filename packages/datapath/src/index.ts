/** waggle's programs for packets, and what user space writes for them. */
export { addressWords, prefixKey } from './address-words.ts';
export { endpoints, ipcache } from './addresses.bpf.ts';
export { connections, generations } from './connection.bpf.ts';
export { Datapath, type DatapathOptions, type EndpointSpec, type TrafficCount } from './datapath.ts';
export { endpoint, fromEndpoint, toEndpoint } from './endpoint.bpf.ts';
export {
  findPolicy,
  MAX_POLICIES,
  MAX_POLICY_ENTRIES,
  PolicyKey,
  PolicyValue,
  policies,
  policy,
  Question,
  Towards,
  Verdict,
} from './policy.bpf.ts';
export { type PolicyMapEntry, type PolicyMapTarget, policyKey, policyValue } from './policy-map.ts';
export { Reason } from './reasons.ts';
export { metrics } from './report.bpf.ts';
