export { Cgroup } from './cgroup.ts';
export { findMount, listMounts, type Mount, mountBpffs, parseMountInfo, unmount } from './mounts.ts';
export { readSysctl, writeSysctl } from './sysctl.ts';
