/** What can be done with a lab that was kept. */
import { LANDING, PORT, SHIPS } from './cast.ts';

/** A lab with everything in it at work. */
export interface KeptLab {
  readonly socket: string;
  /** The address of the Death Star. */
  readonly address: string;
  /** The namespace of a role. */
  namespaceOf(role: string): string;
}

/** Commands to type, with what they are for. */
export function playOnText({ socket, address, namespaceOf }: KeptLab): string[] {
  const landing = `curl -m 2 -X POST http://${address}:${PORT}${LANDING}`;
  return [
    `export WAGGLE_SOCKET=${socket}`,
    'waggle status',
    'waggle endpoint list',
    `waggle policy trace --from ${SHIPS[1]} --to deathstar --port ${PORT}/TCP`,
    ...SHIPS.map((ship) => `ip netns exec ${namespaceOf(ship)} ${landing}`),
    '',
    'waggle demo --clean     # ends and removes all of it',
  ];
}
