/**
 * One program for many configs. Of the values that a program is specialised with, few decide what code it has (deciding.ts);
 * the others, such as the address and the identity of an endpoint, are numbers in it. Code is generated once for the values
 * that decide, with room for the others: that is a variant. For other numbers, they are written into a copy of it.
 *
 *     const variants = new CodeVariants(() => program, configs);
 *     variants.finish('count', { settings: { udp: true, address: 1 } });    generates code
 *     variants.finish('count', { settings: { udp: true, address: 2 } });    writes a number
 *
 * What comes of a config does not depend on those before. It does what the code does that `finishProgram` and `generate` make
 * of it; that can be a few instructions shorter, as every value is put in before it is optimised. Variants that were generated
 * when the module was built (generated-code.ts) are there from the start.
 */
import { configSpec, type Scalar } from '@waggle/bpf';
import type { Code } from '../backend/assemble.ts';
import { type GenerateOptions, generate } from '../backend/generate.ts';
import { withNumbers } from '../backend/patch.ts';
import type { IrProgram } from '../ir/ir.ts';
import { type FieldKey, fieldKey } from '../passes/analysis/closed.ts';
import { decidingFields } from '../passes/deciding.ts';
import { type ConfigValues, optimize, specialize, usedMaps } from '../passes/index.ts';
import { lateNumbers, withLateNumbers } from '../passes/late-numbers.ts';
import {
  type Configs,
  checkedConfigs,
  finishForKernel,
  type GivenConfigs,
  type KernelOptions,
} from './finish.ts';
import type { GeneratedCode, Variant } from './generated-code.ts';

/** What variants are finished with. */
export interface VariantOptions extends KernelOptions, Pick<GenerateOptions, 'cpu'> {
  /** How many variants are kept, those that were asked for last; 16 by default. */
  readonly most?: number;
  /** What is generated already: for version 3 of the instruction set, all passes done. */
  readonly generated?: GeneratedCode;
}

/** Code for the values of a config. */
export interface FinishedCode {
  readonly code: Code;
  /** The names of the maps that it uses. */
  readonly maps: ReadonlySet<string>;
}

const MOST_VARIANTS = 16;
/** Bits of a number that fits an immediate, whose last bit is its sign. */
const SMALL = 31;

/** The variants of one program, for one kernel. */
export class CodeVariants {
  readonly #source: () => IrProgram;
  readonly #configs: Configs;
  readonly #options: VariantOptions;
  /** By what decides, the one asked for last at the end. */
  readonly #variants: Map<string, Variant>;
  #optimized: IrProgram | undefined;
  #deciding: ReadonlySet<FieldKey> | undefined;

  /**
   * @param program called when code has to be generated.
   * @param configs the declarations of the configs, by the names that the program has for them.
   */
  constructor(program: () => IrProgram, configs: Configs, options: VariantOptions = {}) {
    this.#source = program;
    this.#configs = configs;
    this.#options = options;
    this.#deciding = options.generated?.deciding;
    this.#variants = new Map(options.generated?.variants);
  }

  /** How many variants are kept at the moment. */
  get count(): number {
    return this.#variants.size;
  }

  /** All that is kept, to be written down. */
  generated(name: string): GeneratedCode {
    return { name, deciding: this.#decidingFields, variants: this.#variants };
  }

  /**
   * The code for these values of all configs that the program reads.
   * @param name what messages call the program.
   * @throws WaggleError as `finishProgram` and `generate` do
   */
  finish(name: string, config: GivenConfigs): FinishedCode {
    const values = checkedConfigs(name, this.#configs, config);
    const { code, maps, numbers } = this.#variantFor(name, values);
    return { code: withNumbers(code, lateNumbers(numbers, values)), maps };
  }

  get #program(): IrProgram {
    const { without = [] } = this.#options;
    // Most can be done without the values, once for all. Where passes are left out, what they are to show may come of any.
    this.#optimized ??= without.length > 0 ? this.#source() : optimize(this.#source());
    return this.#optimized;
  }

  get #decidingFields(): ReadonlySet<FieldKey> {
    this.#deciding ??= decidingFields(this.#program);
    return this.#deciding;
  }

  #isDeciding(config: string, field: string): boolean {
    return this.#decidingFields.has(fieldKey(config, field));
  }

  #variantFor(name: string, values: ConfigValues): Variant {
    const key = this.#keyOf(values);
    const variant = this.#variants.get(key) ?? this.#generate(name, values);
    this.#variants.delete(key);
    this.#variants.set(key, variant);
    const [oldest] = this.#variants.keys();
    const most = this.#options.most ?? MOST_VARIANTS;
    if (oldest !== undefined && this.#variants.size > most) this.#variants.delete(oldest);
    return variant;
  }

  /** What configs have in common that get the same variant. */
  #keyOf(values: ConfigValues): string {
    const parts = [...values].flatMap(([config, fields]) =>
      Object.entries(fields).map(([field, value]) =>
        this.#isDeciding(config, field) ? value : this.#bitsOf(config, field, values),
      ),
    );
    return parts.join(' ');
  }

  /** How much room a number takes. Of 64 bits that is seldom all, so whether it is little decides. */
  #bitsOf(config: string, field: string, values: ConfigValues): number {
    const { bits, signed } = scalarOf(this.#configs, config, field);
    if (bits === 64) {
      const value = BigInt(values.get(config)?.[field] ?? -1);
      return value >= 0n && value >> BigInt(SMALL) === 0n ? SMALL : 64;
    }
    // A negative number fills the register with its sign.
    return signed ? 64 : bits;
  }

  #generate(name: string, values: ConfigValues): Variant {
    const decided = specialize(this.#program, values, ({ config, field }) => this.#isDeciding(config, field));
    const finished = finishForKernel(name, decided, this.#options);
    const { program, numbers } = withLateNumbers(finished, (config, field) =>
      this.#bitsOf(config, field, values),
    );
    return { code: generate(program, this.#options), maps: usedMaps(program), numbers };
  }
}

/** The type of a field. */
function scalarOf(configs: Configs, config: string, name: string): Pick<Scalar, 'bits' | 'signed'> {
  const declared = configs[config];
  const type = declared && configSpec(declared).fields.find((field) => field.name === name)?.type;
  if (type?.kind !== 'scalar') throw new TypeError(`there is no ${config}.${name}`);
  return type;
}
