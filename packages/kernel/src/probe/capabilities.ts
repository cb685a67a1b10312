/** Capabilities: the parts of root's power (capabilities(7)), as bits of the mask in /proc/self/status. */

/** Names by number (include/uapi/linux/capability.h), all that there are up to Linux 6.18. */
const names = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** The name of a capability. */
export type Capability = (typeof names)[number];

/** What CAP_SYS_ADMIN includes: before Linux 5.8 there was nothing else. */
const partsOfSysAdmin: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON', 'CAP_CHECKPOINT_RESTORE'];

/** Those of the wanted capabilities that a mask grants neither by themselves nor by CAP_SYS_ADMIN. */
export function missingCapabilities(mask: bigint, wanted: readonly Capability[]): Capability[] {
  const has = (capability: Capability) => (mask & (1n << BigInt(names.indexOf(capability)))) !== 0n;
  const admin = has('CAP_SYS_ADMIN');
  return wanted.filter((capability) => !has(capability) && !(admin && partsOfSysAdmin.includes(capability)));
}

/** Every capability that a mask lacks, CAP_SYS_ADMIN's parts counted as lacking too. */
export function absentCapabilities(mask: bigint): Capability[] {
  return names.filter((_, number) => (mask & (1n << BigInt(number))) === 0n);
}
