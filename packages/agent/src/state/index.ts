/** What the agent remembers on disk. */
export { type DocumentKind, StateDocument } from './state-document.ts';
export { StateCorruptError } from './state-error.ts';
export { type StateProblem, StateStore, type StateStoreOptions } from './state-store.ts';
