/** What packets cost in the programs that they really meet: the time that the kernel counts for programs while statistics are on. */
import { enableStatistics, Link, Program } from '@waggle/kernel';

export class ProgramClock implements Disposable {
  readonly #programs: readonly Program[];
  readonly #counting = enableStatistics();

  /**
   * @param devices - Indexes of devices; the programs are those of links at them.
   * @param others - Links that were there before, of devices with the same indexes elsewhere.
   */
  constructor(devices: readonly number[], others: readonly number[]) {
    const known = new Set(others);
    const ids = Link.ids().filter((id) => !known.has(id));
    const programs = ids.flatMap((id) => {
      using link = Link.openById(id);
      const { target, programId } = link.info();
      const isOurs = target.kind === 'device' && devices.includes(target.interfaceIndex);
      return isOurs ? programId : [];
    });
    if (programs.length === 0) throw new Error('There are no programs at the devices.');
    this.#programs = [...new Set(programs)].map((id) => Program.openById(id));
  }

  /** Nanoseconds that the programs have run while `body` did: all of them together. */
  async time(body: () => Promise<void>): Promise<number> {
    const before = this.#total();
    await body();
    return Number(this.#total() - before);
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs) program.close();
    this.#counting.close();
  }

  #total(): bigint {
    return this.#programs.reduce((sum, program) => sum + program.info().runTime, 0n);
  }
}
