/**
 * `@waggle/kernel/namespaces`: what starting a process elsewhere takes, for commands that do nothing else. The whole of this package
 * takes them half a second to load.
 */
export { withOwnMounts } from './host/mount-namespace.ts';
export { bindMount } from './host/mounts.ts';
export { NetworkNamespace } from './net/namespace.ts';
