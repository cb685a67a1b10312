/** Socket steering: one listening socket for many ports and prefixes. */
export {
  type Binding,
  type BindingText,
  formatBinding,
  formatMissing,
  type Protocol,
  parseBinding,
  parseLabel,
  parseProtocol,
  placeOf,
  type WhenMissing,
} from './binding.ts';
export { parseBindingFile } from './binding-file.ts';
export { BindingStore, type CountedBinding } from './binding-store.ts';
export type { LabelOwner } from './label-maps.ts';
export { LabelSockets, type RegisteredSocket, type RegisterOptions } from './label-sockets.ts';
export { metricsText } from './metrics.ts';
export { DEFAULT_BPFFS } from './pins.ts';
export type { BindingDiff } from './plan.ts';
export { formatPorts, type PortRange, parsePorts } from './ports.ts';
export { Registry } from './registry.ts';
export { type LabelCounts, type LabelStatus, labelStatus } from './status.ts';
export { type Place, Steering } from './steering.ts';
