/**
 * From a declared program to one in the kernel. What was compiled when its module was built is finished here, for the values
 * of its configs and for the running kernel; maps that nobody gave are created from their declarations. A program that is
 * loaded again with values that differ only in numbers is not compiled again.
 *
 *     using loaded = loadDeclared(balance, { config: { settings: { udp: true } } });
 *     loaded.map(services).set({ address, port, protocol: 6 }, { count: 3, first: 100 });
 *     using link = attachXdp(loaded.program, 'eth0');
 */
import {
  type CompiledBody,
  compiledBody,
  LONGEST_OBJECT_NAME,
  type MapSpec,
  type ProgramDeclaration,
  WaggleError,
} from '@waggle/bpf';
import {
  CodeVariants,
  type GeneratedCode,
  type GivenConfigs,
  generatedFromJson,
  programFromJson,
} from '@waggle/compiler';
import { kernelBtf } from '../btf/index.ts';
import { createMap, type MapOf } from '../map/create.ts';
import type { KernelMap } from '../map/map.ts';
import { keptProgram } from './kept.ts';
import { withKernelFunctions } from './kernel-functions.ts';
import { type LoadOptions, loadProgram } from './load.ts';
import type { Program } from './program.ts';

/** What a declared program is loaded with. */
export interface LoadDeclaredOptions extends Pick<LoadOptions, 'onLog'> {
  /** Maps to use, by the names that the program has for them; those that are not here are created. */
  readonly maps?: Readonly<Record<string, KernelMap>>;
  /** Values of every config that the program reads. */
  readonly config?: GivenConfigs;
  /** The name in the kernel; by default that of the declaration, or else the one under which its module has it. */
  readonly name?: string;
  /** The version of the instruction set; by default what every kernel since 5.1 has. */
  readonly cpu?: 3 | 4;
  /** Names of optimisations to leave out. */
  readonly without?: readonly string[];
  /** BPF_F_* flags of BPF_PROG_LOAD. */
  readonly flags?: number;
  /**
   * A directory of a bpf file system in which the program is pinned, and found again by whoever wants the same one with the same
   * maps. Of each name, the last is kept.
   */
  readonly keep?: string;
}

/** A program that was loaded from its declaration, with its maps. */
export class LoadedProgram implements Disposable {
  readonly program: Program;
  /** The maps that the program uses, given or created, by the names that it has for them. */
  readonly maps: Readonly<Record<string, KernelMap>>;
  readonly #declarations: Readonly<Record<string, MapSpec>>;
  readonly #created: readonly KernelMap[];

  constructor(
    program: Program,
    maps: Readonly<Record<string, KernelMap>>,
    declarations: Readonly<Record<string, MapSpec>>,
    created: readonly KernelMap[],
  ) {
    this.program = program;
    this.maps = maps;
    this.#declarations = declarations;
    this.#created = created;
  }

  /**
   * The map of a declaration.
   * @throws WaggleError NOT_FOUND when the program does not use it, for example because its config rules that out.
   */
  map<const S extends MapSpec>(declaration: S): MapOf<S> {
    const [name] = Object.entries(this.#declarations).find(([, spec]) => spec === declaration) ?? [];
    const found = name === undefined ? undefined : this.maps[name];
    if (found) return found as MapOf<S>;
    const what = name ?? declaration.name ?? `of type ${declaration.type}`;
    throw new WaggleError('NOT_FOUND', `${this.program.object} uses no map ${what}`, {
      hint: 'Programs have no use for the maps of code that their config rules out',
    });
  }

  /** Closes the program, and the maps that were created for it. Links and pins keep what they hold alive. */
  close(): void {
    this.program.close();
    closeAll(this.#created);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Loads a declared program.
 * @throws WaggleError BAD_DECLARATION when it is not compiled, MISSING_FIELD and others for its config; what {@link
 *   loadProgram} and {@link createMap} throw.
 */
export function loadDeclared(
  declaration: ProgramDeclaration,
  options: LoadDeclaredOptions = {},
): LoadedProgram {
  const { maps: given = {}, config = {}, flags, onLog, keep } = options;
  const body = compiledBody(declaration);
  const read = known(body);
  const name = options.name ?? declaration.name ?? objectName(read.name);
  const { maps: declarations } = body.bindings();
  const finished = read.variants(options).finish(name, config);
  const code = withKernelFunctions(name, finished.code);
  const { maps, created } = mapsOf(name, finished.maps, declarations, given);
  try {
    const { type, license, target } = declaration;
    const spec = {
      type,
      name,
      code,
      ...(license === undefined ? {} : { license }),
      ...(target === undefined ? {} : { target }),
      ...(flags === undefined ? {} : { flags }),
    };
    const loading = { maps, ...(onLog ? { onLog } : {}) };
    const loaded = keep === undefined ? loadProgram(spec, loading) : keptProgram(keep, spec, loading);
    return new LoadedProgram(loaded, maps, declarations, created);
  } catch (error) {
    closeAll(created);
    throw error;
  }
}

/** What is read of a body: of one whose code was generated when it was built, next to nothing. */
class KnownBody {
  readonly #body: CompiledBody;
  readonly #generated: GeneratedCode | undefined;
  /** By how it is compiled. */
  readonly #variants = new Map<string, CodeVariants>();
  #parsed: ReturnType<typeof programFromJson> | undefined;

  constructor(body: CompiledBody) {
    this.#body = body;
    this.#generated = body.generated === undefined ? undefined : generatedFromJson(body.generated);
  }

  /** The name under which its module has the program. */
  get name(): string {
    return this.#generated?.name ?? this.#whole.name;
  }

  variants({ cpu = 3, without = [] }: LoadDeclaredOptions): CodeVariants {
    const key = [cpu, ...without].join(' ');
    const before = this.#variants.get(key);
    if (before) return before;
    const asGenerated = cpu === 3 && without.length === 0;
    const variants = new CodeVariants(() => this.#whole.program, this.#body.bindings().configs, {
      cpu,
      without,
      kernel: kernelBtf,
      ...(asGenerated && this.#generated && { generated: this.#generated }),
    });
    this.#variants.set(key, variants);
    return variants;
  }

  get #whole(): ReturnType<typeof programFromJson> {
    this.#parsed ??= programFromJson(this.#body.code);
    return this.#parsed;
  }
}

const bodies = new WeakMap<CompiledBody, KnownBody>();

function known(body: CompiledBody): KnownBody {
  const found = bodies.get(body) ?? new KnownBody(body);
  bodies.set(body, found);
  return found;
}

function mapsOf(
  program: string,
  used: Iterable<string>,
  declarations: Readonly<Record<string, MapSpec>>,
  given: Readonly<Record<string, KernelMap>>,
): { maps: Record<string, KernelMap>; created: KernelMap[] } {
  const maps: Record<string, KernelMap> = {};
  const created: KernelMap[] = [];
  try {
    for (const name of used) {
      const declaration = declarations[name];
      const known = given[name];
      if (known) maps[name] = known;
      else if (declaration) {
        const map: KernelMap = createMap(declaration, { name: objectName(name) });
        maps[name] = map;
        created.push(map);
      } else {
        throw new WaggleError(
          'NOT_FOUND',
          `program "${program}" uses the map "${name}", which is not declared`,
        );
      }
    }
    return { maps, created };
  } catch (error) {
    closeAll(created);
    throw error;
  }
}

/** A name of a declaration as the kernel takes it. */
const objectName = (name: string): string => name.replace(/\W/g, '_').slice(0, LONGEST_OBJECT_NAME);

function closeAll(maps: readonly KernelMap[]): void {
  for (const map of maps) map.close();
}
