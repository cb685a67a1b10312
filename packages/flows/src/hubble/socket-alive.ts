/** Servers that ended without taking their unix socket away leave a path where nobody answers. */
import { connect } from 'node:net';

/** Whether somebody listens at the path of a unix socket. */
export const isSocketAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Refused, gone, or no socket: nobody. A full queue of connections is somebody.
    socket.once('error', (error) => resolve('code' in error && error.code === 'EAGAIN'));
  });
