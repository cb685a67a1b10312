export { type OptimizeOptions, optimize, passes } from './optimize.ts';
export type { Pass } from './pass.ts';
export { type ConfigValues, specialize } from './specialize.ts';
export { usedMaps } from './used-maps.ts';
