/**
 * Removes the pairs of endpoints. The kernel takes some 10 milliseconds to delete a device, or a hundred at once; so it does that on
 * another thread, and those that are to go meanwhile go together afterwards. What leads to them goes at once.
 */
import { WaggleError } from '@waggle/bpf';
import { hostPrefix, Network, type NetworkNamespace } from '@waggle/kernel';
import { type EndpointAddresses, listAddresses } from '../addresses/index.ts';

/** Devices of this group are about to be deleted: `wagg` as a number. */
const GROUP = 0x77616767;

/** The host's end of a pair. The index tells it from another that has got its name since. */
export interface HostEnd {
  readonly name: string;
  readonly index: number;
}

export class PairRemoval {
  readonly #network: Network;
  #waiting = false;
  readonly #onProblem: (problem: Error) => void;
  #running: Promise<void> | undefined;

  /** @param onProblem - Told when the kernel would not remove pairs; they go with the next one. */
  constructor(host: NetworkNamespace, onProblem: (problem: Error) => void) {
    this.#network = Network.open(host);
    this.#onProblem = onProblem;
  }

  /**
   * Begins to remove a pair; its addresses lead nowhere when this returns. That it is gone already is fine.
   * @throws KernelError
   */
  remove(end: HostEnd, addresses: EndpointAddresses): void {
    this.detach(end, addresses);
    try {
      if (this.#network.links.name(end.index) !== end.name) return;
      this.#network.links.set(end.index, { group: GROUP });
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    this.#waiting = true;
    this.#running ??= this.#run();
  }

  /** Lets addresses lead nowhere, and the pair stay. */
  detach({ index }: HostEnd, addresses: EndpointAddresses): void {
    for (const address of listAddresses(addresses)) {
      try {
        this.#network.routes.delete({ destination: hostPrefix(address), device: index });
      } catch (error) {
        ignoreMissing(error);
      }
    }
  }

  /** Answers when all pairs are gone that can be removed. */
  async settle(): Promise<void> {
    await this.#running;
  }

  /** Answers when all pairs are gone, and lets go of the host. */
  async close(): Promise<void> {
    await this.settle();
    this.#network.close();
  }

  async #run(): Promise<void> {
    // Those that are removed in one turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#waiting) {
        this.#waiting = false;
        await this.#network.links.deleteGroup(GROUP).catch(ignoreMissing);
      }
    } catch (error) {
      this.#onProblem(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#running = undefined;
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  // ESRCH for a route, ENODEV or ENXIO for a device.
  return error instanceof WaggleError && error.code === 'NOT_FOUND';
}
