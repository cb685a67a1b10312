/** Identity-based network policy, pure: rules and identities in, policy map contents and explanations out. */

export { formatProblem, PolicyFileError, type Problem } from './documents/policy-file-error.ts';
export type { EnforcementMode } from './engine/direction-policy.ts';
export type { EntryKey, PolicyEntry, Redirect } from './engine/entry.ts';
export { PRECEDENCE } from './engine/entry.ts';
export { lookup, PolicyMap, type Probe } from './engine/lookup.ts';
export type { ProxyPolicy, ProxyRule } from './engine/proxy-policy.ts';
export {
  PolicyRepository,
  type RepositoryOptions,
  type ResolvedPolicy,
} from './engine/repository.ts';
export type { CookieOwner } from './engine/rule-book.ts';
export type { PolicyChange, PolicyConflict, PolicyStatus, SafeState } from './engine/subject-policy.ts';
export {
  diff,
  type PairChange,
  type PolicyDiff,
  type PortChange,
  type SideVerdict,
  type StatusChange,
} from './explain/diff.ts';
export { type ExplainedConflict, type ExplainedRow, type Explanation, explain } from './explain/explain.ts';
export type { Gap } from './explain/gaps.ts';
export { groupBy } from './explain/group.ts';
export type { NearMiss } from './explain/near-miss.ts';
export { outsideName } from './explain/outside-name.ts';
export { formatRange, type PortRange, protocolName, rangeOf } from './explain/port-range.ts';
export type { ProxyRuleReference } from './explain/proxy-rules.ts';
export { formatPlace, formatReference, type RuleReference, ruleName } from './explain/rule-reference.ts';
export {
  type Decider,
  type DirectionTrace,
  type Trace,
  type TraceRequest,
  trace,
  type Verdict,
} from './explain/trace.ts';
export { type AllocatorOptions, type AllocatorSnapshot, IdentityAllocator } from './identity/allocator.ts';
export { parseCidr } from './identity/cidr.ts';
export {
  type EndpointDescription,
  type ParseEndpointsOptions,
  parseEndpoints,
} from './identity/endpoint-file.ts';
export {
  ANY_IDENTITY,
  FIRST_ALLOCATED,
  FIRST_LOCAL,
  type Identity,
  LAST_ALLOCATED,
  type NamedPort,
  RESERVED_IDENTITIES,
} from './identity/identity.ts';
export { DEFAULT_LABEL_RULES, LabelFilter } from './identity/label-filter.ts';
export { type LabelReport, type LabelUse, labelReport, requirementsOf } from './identity/label-report.ts';
export { matchesName } from './identity/name-pattern.ts';
export { cidrLabels, nameLabels, narrowestCidr, type WorldNames } from './identity/outside.ts';
export { type ClusterNames, reservedIdentities, wellKnownIdentities } from './identity/well-known.ts';
export {
  ANY_SOURCE,
  CLUSTER_KEY,
  formatLabel,
  hasLabels,
  KUBERNETES_SOURCE,
  type Label,
  NAMESPACE_KEY,
  parseLabel,
  parseLabelKey,
  RESERVED_SOURCE,
  sortLabels,
} from './labels/label.ts';
export {
  formatRequirement,
  formatSelector,
  type LabelSelector,
  meets,
  type Requirement,
  selects,
} from './labels/selector.ts';
export type { L7Rules } from './rules/l7.ts';
export {
  type ParsedPolicies,
  type ParseOptions,
  type PolicyDocument,
  type PolicyKind,
  parsePolicies,
} from './rules/parse.ts';
export {
  type CidrGroup,
  type Direction,
  ENTITIES,
  type Entity,
  type Origin,
  type Peer,
  type Place,
  type Port,
  type PortRule,
  PROTOCOL_NUMBERS,
  PROTOCOLS,
  type Protocol,
  type Rule,
  type RuleElement,
  type RuleSection,
} from './rules/rule.ts';
