/**
 * Tells when devices vanish from the host: somebody deleted one, or the namespace at its other end is gone, with the process that
 * held it. Either is the end of an endpoint.
 */
import { Network, type NetworkNamespace } from '@waggle/kernel';

export class LinkWatch implements Disposable {
  readonly #network: Network;
  readonly #watch: { close(): void; unref(): void };
  readonly #devices = new Set<number>();
  readonly #vanished: (index: number) => void;

  /** @param vanished - Gets the index of each watched device that is gone, once. */
  constructor(host: NetworkNamespace, vanished: (index: number) => void) {
    this.#vanished = vanished;
    this.#network = Network.open(host);
    try {
      this.#watch = this.#network.watch(['links'], (event) => {
        if (event.subject === 'lost') this.check();
        else if (event.subject === 'link' && event.change === 'delete') this.#gone(event.link.index);
      });
    } catch (error) {
      this.#network.close();
      throw error;
    }
  }

  /** Watches a device. When it is gone already, that is told in a later turn of the event loop. */
  add(index: number): void {
    this.#devices.add(index);
    setImmediate(() => this.#check(index));
  }

  /** Watches a device no longer: call it before deleting one. */
  delete(index: number): void {
    this.#devices.delete(index);
  }

  /** Looks for all of them, as is needed when the kernel had to drop events. */
  check(): void {
    const there = new Set(this.#network.links.list().map(({ index }) => index));
    for (const index of [...this.#devices]) if (!there.has(index)) this.#gone(index);
  }

  /** Lets the process end although the watch is on. */
  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    this.#devices.clear();
    this.#watch.close();
    this.#network.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(index: number): void {
    if (!this.#devices.has(index)) return;
    try {
      this.#network.links.name(index);
    } catch {
      this.#gone(index);
    }
  }

  #gone(index: number): void {
    if (this.#devices.delete(index)) this.#vanished(index);
  }
}
