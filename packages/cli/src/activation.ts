/** Sockets that this process was started with, as systemd passes them: sd_listen_fds(3). */
import { nearest, WaggleError } from '@waggle/bpf';

/** The first of them. */
const FIRST = 3;

/**
 * The descriptors that were passed.
 * @param name only those that have this name (FileDescriptorName= of the socket unit).
 * @throws WaggleError NOT_FOUND
 */
export function passedDescriptors(environment: NodeJS.ProcessEnv, name?: string): number[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment;
  const count = Number(LISTEN_FDS);
  // The variables are inherited: for another process than the one that they are meant for they say nothing.
  if (Number(LISTEN_PID) !== process.pid || !Number.isInteger(count) || count < 1) {
    throw new WaggleError('NOT_FOUND', 'no sockets were passed to this process', {
      hint: 'Run it by systemd socket activation (LISTEN_FDS and LISTEN_PID), or use register-pid',
    });
  }
  const all = Array.from({ length: count }, (_, index) => FIRST + index);
  if (name === undefined) return all;
  const names = LISTEN_FDNAMES.split(':');
  const found = all.filter((_, index) => names[index] === name);
  if (found.length > 0) return found;
  const meant = nearest(name, names);
  throw new WaggleError('NOT_FOUND', `none of the sockets that were passed is named "${name}"`, {
    hint: meant === undefined ? `They are named ${names.join(', ')}` : `Did you mean "${meant}"?`,
  });
}
