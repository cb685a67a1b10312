export { Cgroup } from './cgroup.ts';
export { lockDirectory } from './lock.ts';
export { withOwnMounts } from './mount-namespace.ts';
export {
  bindMount,
  findMount,
  listMounts,
  type Mount,
  mountBpffs,
  parseMountInfo,
  unmount,
} from './mounts.ts';
export {
  formatProcessSocket,
  listeningSockets,
  type ProcessSocket,
  Socket,
  type SocketInfo,
  type SocketRow,
  tcpSockets,
  udpSockets,
} from './sockets.ts';
export { readSysctl, writeSysctl } from './sysctl.ts';
