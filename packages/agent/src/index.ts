/** The daemon on a host. */
export * from './control.ts';
