/** Finds the network namespace that somebody wants to be an endpoint, and holds it open. */
import { WaggleError } from '@waggle/bpf';
import { NetworkNamespace } from '@waggle/kernel';
import type { NamespacePlace } from '../control.ts';
import { processOfContainer } from './containers.ts';

/**
 * Opens the namespace at a place. The caller closes it.
 * @param host - Whose namespace cannot be an endpoint's.
 * @throws WaggleError NOT_FOUND when there is none; DENIED when it is the host's own, or that of this process.
 */
export function openPlace(place: NamespacePlace, host: NetworkNamespace): NetworkNamespace {
  const namespace = open(place);
  using own = NetworkNamespace.current();
  if (namespace.inode !== host.inode && namespace.inode !== own.inode) return namespace;
  namespace.close();
  throw new WaggleError(
    'DENIED',
    `${placeText(place)} has the network of the host, and cannot be an endpoint`,
    {
      hint: 'An endpoint has a network namespace of its own (docker run --network none, waggle run)',
    },
  );
}

/** How messages call a place. */
export function placeText(place: NamespacePlace): string {
  if ('pid' in place) return `process ${place.pid}`;
  return 'path' in place ? place.path : `container ${place.container}`;
}

function open(place: NamespacePlace): NetworkNamespace {
  if ('path' in place) return NetworkNamespace.openPath(place.path);
  if ('pid' in place) return NetworkNamespace.openByPid(place.pid);
  return openContainer(place.container);
}

/** A process may end, and its number go to another, between being found and being opened: so it is found twice. */
function openContainer(container: string): NetworkNamespace {
  for (;;) {
    const pid = processOfContainer(container);
    let namespace: NetworkNamespace;
    try {
      namespace = NetworkNamespace.openByPid(pid);
    } catch (error) {
      if (error instanceof WaggleError && error.code === 'NOT_FOUND') continue;
      throw error;
    }
    if (processOfContainer(container) === pid) return namespace;
    namespace.close();
  }
}
