/** The programs at the devices of endpoints: the same two for all of them, so that the kernel checks them once. */
import { type LoadedProgram, loadDeclared, type Program } from '@waggle/kernel';
import { anyPacket } from './any-packet.bpf.ts';
import { fromEndpoint, ProgramIndex, toEndpoint } from './endpoint.bpf.ts';
import type { monitoringConfig } from './events/options.ts';
import type { DatapathMaps } from './layout.ts';

/** On which side of the host's end each program is. */
export const ENDPOINT_SITES = { from: 'ingress', to: 'egress' } as const;

/** Loads the programs when they are first wanted. */
export class EndpointPrograms implements Disposable {
  readonly #maps: DatapathMaps;
  readonly #config: { readonly monitoring: ReturnType<typeof monitoringConfig> };
  readonly #keep: { readonly keep?: string };
  #loaded: { readonly from: LoadedProgram; readonly to: LoadedProgram } | undefined;

  /** @param keep - A directory of a bpf file system in which they are found again. */
  constructor(maps: DatapathMaps, monitoring: ReturnType<typeof monitoringConfig>, keep?: string) {
    this.#maps = maps;
    this.#keep = keep === undefined ? {} : { keep };
    this.#config = { monitoring };
  }

  /** For packets that endpoints send. @throws VerifierError, KernelError */
  get from(): Program {
    return this.#load().from.program;
  }

  /** For packets that the host has for endpoints. @throws VerifierError, KernelError */
  get to(): Program {
    return this.#load().to.program;
  }

  close(): void {
    this.#loaded?.from.close();
    this.#loaded?.to.close();
    this.#loaded = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #load(): { readonly from: LoadedProgram; readonly to: LoadedProgram } {
    if (this.#loaded) return this.#loaded;
    const options = { maps: this.#maps, config: this.#config, ...this.#keep };
    // What the others go on in is there before them. Their map keeps it.
    {
      using any = loadDeclared(anyPacket, options);
      this.#maps.programs.set(ProgramIndex.AnyPacket, any.program);
    }
    const from = loadDeclared(fromEndpoint, options);
    try {
      this.#loaded = { from, to: loadDeclared(toEndpoint, options) };
    } catch (error) {
      from.close();
      throw error;
    }
    return this.#loaded;
  }
}
