/**
 * Code that was generated before anybody asked for it, as JSON: a built module may carry that of its programs for the configs with
 * which they are usually loaded. Who loads one of these needs neither the program in its other form nor the back end.
 */
import type { Code } from '../backend/assemble.ts';
import type { Origin } from '../backend/instruction.ts';
import type { FieldKey } from '../passes/analysis/closed.ts';
import type { LateNumber } from '../passes/late-numbers.ts';

/** Code for the values of a config that decide. */
export interface Variant {
  /** Lacks its late numbers. */
  readonly code: Code;
  /** The names of the maps that it uses. */
  readonly maps: ReadonlySet<string>;
  readonly numbers: readonly LateNumber[];
}

/** Code of one program, for kernels of version 3 of the instruction set, all passes done. */
export interface GeneratedCode {
  /** The name under which its module declares the program. */
  readonly name: string;
  /** The fields of configs that decide what code there is. */
  readonly deciding: ReadonlySet<FieldKey>;
  /** By what decides, as `CodeVariants` writes it. */
  readonly variants: ReadonlyMap<string, Variant>;
}

/** Raised whenever what is generated for the same program changes, or how it is written. */
const FORMAT = 1;

interface GeneratedJson {
  readonly version: typeof FORMAT;
  readonly name: string;
  readonly deciding: readonly FieldKey[];
  /** What lines refer to by its place. */
  readonly origins: readonly Origin[];
  readonly variants: readonly VariantJson[];
}

interface VariantJson {
  readonly key: string;
  readonly code: Omit<Code, 'bytes' | 'lines'>;
  /** Base64. */
  readonly bytes: string;
  readonly lines: readonly (readonly [slot: number, origin: number])[];
  readonly maps: readonly string[];
  readonly numbers: readonly {
    readonly instruction: LateNumber['instruction'];
    /** Constants are strings. */
    readonly operands: readonly (number | string)[];
  }[];
}

/** Turns generated code into JSON. */
export function generatedToJson({ name, deciding, variants }: GeneratedCode): string {
  const origins = new Map<string, number>();
  const written = [...variants].map(([key, { code, maps, numbers }]): VariantJson => {
    const { bytes, lines, ...rest } = code;
    return {
      key,
      code: rest,
      bytes: Buffer.from(bytes).toString('base64'),
      lines: lines.map(({ slot, ...origin }) => {
        const text = JSON.stringify(origin);
        const place = origins.get(text) ?? origins.size;
        origins.set(text, place);
        return [slot, place];
      }),
      maps: [...maps],
      numbers: numbers.map(({ instruction, operands }) => ({
        instruction,
        operands: operands.map((operand) => (typeof operand === 'bigint' ? String(operand) : operand)),
      })),
    };
  });
  const json: GeneratedJson = {
    version: FORMAT,
    name,
    deciding: [...deciding],
    origins: [...origins.keys()].map((text) => JSON.parse(text)),
    variants: written,
  };
  return JSON.stringify(json);
}

/**
 * Reads generated code.
 * @param text what {@link generatedToJson} wrote.
 * @returns undefined when that was another version: the code is to be generated again.
 */
export function generatedFromJson(text: string): GeneratedCode | undefined {
  const json: GeneratedJson = JSON.parse(text);
  if (json.version !== FORMAT) return undefined;
  const read = ({ key, code, bytes, lines, maps, numbers }: VariantJson): [string, Variant] => [
    key,
    {
      code: {
        ...code,
        bytes: new Uint8Array(Buffer.from(bytes, 'base64')),
        lines: lines.flatMap(([slot, place]) => {
          const origin = json.origins[place];
          return origin === undefined ? [] : { ...origin, slot };
        }),
      },
      maps: new Set(maps),
      numbers: numbers.map(({ instruction, operands }) => ({
        instruction,
        operands: operands.map((operand) => (typeof operand === 'string' ? BigInt(operand) : operand)),
      })),
    },
  ];
  return { name: json.name, deciding: new Set(json.deciding), variants: new Map(json.variants.map(read)) };
}
