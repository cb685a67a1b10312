/**
 * Programs and maps as an ELF object that libbpf and bpftool load: a section for each kind of program (`xdp`,
 * `cgroup/connect4`, …), `.text` with the functions they call, `.maps`, `license`, and BTF with the types of the maps, the
 * names of the functions and the lines of the source.
 *
 *     writeFileSync('count.o', writeElf({ programs: [{ name: 'count', type: 'xdp', code }], maps: { counters } }));
 *     // bpftool prog load count.o /sys/fs/bpf/count
 */
import { type MapSpec, type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import { type Code, SLOT } from '../backend/assemble.ts';
import { BtfBuilder, type FunctionInfo, type LineInfo } from '../btf/index.ts';
import { btfExtension, type SectionInfo } from './btf-extension.ts';
import { RelocationType, SectionFlag } from './format.ts';
import { mapDefinition } from './map-definition.ts';
import { ObjectFile, type SectionId, type SymbolId } from './object-file.ts';
import { type Part, type SplitProgram, splitProgram } from './split.ts';

/** A program of an object. */
export interface ElfProgram {
  /** Its symbol, a C identifier; the kernel shows the first 15 characters of it. */
  readonly name: string;
  readonly type: ProgramType;
  readonly code: Code;
  /** The licence that the program declares. Default `GPL`. */
  readonly license?: string;
  /** What the program is for, where its type needs it: a function, tracepoint, hook, … */
  readonly target?: string;
}

/** What goes into an object. */
export interface ElfContents {
  readonly programs: readonly ElfProgram[];
  /** The maps by the names that instructions use. */
  readonly maps?: Readonly<Record<string, MapSpec>>;
}

const DEFAULT_LICENSE = 'GPL';
const TEXT = '.text';
const CODE = { flags: SectionFlag.allocate | SectionFlag.execute, alignment: 8 };
const DATA = { flags: SectionFlag.allocate | SectionFlag.write, alignment: 8 };
const TYPE_INFORMATION = { flags: SectionFlag.none, alignment: 4 };

interface PlacedProgram {
  readonly program: ElfProgram;
  readonly section: string;
  readonly split: SplitProgram;
}

/**
 * Writes an object.
 * @throws WaggleError BAD_DECLARATION for programs of different licences, names that are taken or no C identifiers, and
 *   code that addresses the value of a map (libbpf knows that only for its own global data) or depends on functions and
 *   structs of the running kernel; NOT_FOUND for a map that is
 *   used and not given.
 */
export function writeElf({ programs, maps = {} }: ElfContents): Uint8Array {
  const license = commonLicense(programs);
  for (const { name, code } of programs) checkReferences(name, code, maps);
  const file = new ObjectFile();
  const builder = new BtfBuilder();
  const placed = place(programs);
  const sections = [...new Set(placed.map(({ section }) => section))];

  const text = concatenate(placed.map(({ split }) => split.text));
  const textId = text.length > 0 ? file.section(TEXT, text, CODE) : undefined;
  const ids = new Map<string, SectionId>();
  for (const section of sections) {
    const bodies = placed.filter((each) => each.section === section).map(({ split }) => split.body);
    ids.set(section, file.section(section, concatenate(bodies), CODE));
  }
  const mapSymbols = addMaps(file, builder, maps);
  file.section('license', Buffer.from(`${license}\0`), { ...DATA, alignment: 1 });
  addProgramSymbols(file, placed, ids, textId);

  const textSymbol =
    textId === undefined
      ? undefined
      : file.symbol({ name: '', section: textId, value: 0, size: 0, type: 'section', binding: 'local' });
  for (const { section, split } of placed) {
    relocate(file, ids.get(section), split.body, mapSymbols, textSymbol);
    relocate(file, textId, split.text, mapSymbols, textSymbol);
  }

  const extension = btfExtension(describe(builder, placed, sections), builder);
  file.section('.BTF', builder.build(), TYPE_INFORMATION);
  file.section('.BTF.ext', extension, TYPE_INFORMATION);
  return file.build();
}

function commonLicense(programs: readonly ElfProgram[]): string {
  const licenses = [...new Set(programs.map(({ license = DEFAULT_LICENSE }) => license))];
  if (licenses.length > 1) {
    throw new WaggleError('BAD_DECLARATION', `the programs have the licences ${licenses.join(' and ')}`, {
      hint: 'An object has one licence: write one object for each',
    });
  }
  return licenses[0] ?? DEFAULT_LICENSE;
}

function checkReferences(name: string, code: Code, maps: Readonly<Record<string, MapSpec>>): void {
  const kernel = code.kernelCalls?.[0]?.name ?? code.fieldOffsets?.[0]?.struct;
  if (kernel !== undefined) {
    throw new WaggleError('BAD_DECLARATION', `program "${name}" depends on ${kernel} of the running kernel`, {
      hint: 'Its object would have to name it; load the program with loadDeclared()',
    });
  }
  for (const { map, valueOffset } of code.mapReferences) {
    if (!Object.hasOwn(maps, map)) {
      throw new WaggleError('NOT_FOUND', `program "${name}" uses the map "${map}", which was not given`);
    }
    if (valueOffset === undefined) continue;
    throw new WaggleError(
      'BAD_DECLARATION',
      `program "${name}" addresses the value of the map "${map}", which an object file cannot express`,
      { hint: 'Look the value up, or load the program with loadProgram()' },
    );
  }
}

/** Programs of one section stand one after the other, and so do the functions of all programs in `.text`. */
function place(programs: readonly ElfProgram[]): PlacedProgram[] {
  const ends = new Map<string, number>();
  return programs.map((program) => {
    const { section: kind } = programTypes[program.type];
    const section = program.target === undefined ? kind : `${kind}/${program.target}`;
    const start = ends.get(section) ?? 0;
    const textStart = ends.get(TEXT) ?? 0;
    const split = splitProgram(program.code, start, textStart);
    ends.set(section, start + split.body.bytes.length / SLOT);
    ends.set(TEXT, textStart + split.text.bytes.length / SLOT);
    return { program, section, split };
  });
}

const concatenate = (parts: readonly Part[]): Uint8Array => Buffer.concat(parts.map(({ bytes }) => bytes));

/** The variables of `.maps`, in the BTF and as symbols. */
function addMaps(
  file: ObjectFile,
  builder: BtfBuilder,
  maps: Readonly<Record<string, MapSpec>>,
): ReadonlyMap<string, SymbolId> {
  let end = 0;
  const variables = Object.entries(maps).map(([name, spec]) => {
    const { typeId, size } = mapDefinition(builder, spec);
    const offset = end;
    end += size;
    return { name, typeId: builder.variable(name, typeId), offset, size };
  });
  if (variables.length === 0) return new Map();
  builder.dataSection('.maps', end, variables);
  const section = file.section('.maps', new Uint8Array(end), DATA);
  return new Map(
    variables.map(({ name, offset, size }) => [
      name,
      file.symbol({ name, section, value: offset, size, type: 'object', binding: 'global' }),
    ]),
  );
}

function addProgramSymbols(
  file: ObjectFile,
  placed: readonly PlacedProgram[],
  ids: ReadonlyMap<string, SectionId>,
  textId: SectionId | undefined,
): void {
  for (const { program, section, split } of placed) {
    const { start, bytes } = split.body;
    file.symbol({
      name: program.name,
      section: ids.get(section) ?? 0,
      value: start * SLOT,
      size: bytes.length,
      type: 'function',
      binding: 'global',
    });
    for (const { name, slot, slots } of split.names) {
      // Local, because two programs may each have a function of that name.
      file.symbol({
        name,
        section: textId ?? 0,
        value: slot * SLOT,
        size: slots * SLOT,
        type: 'function',
        binding: 'local',
      });
    }
  }
}

function relocate(
  file: ObjectFile,
  section: SectionId | undefined,
  part: Part,
  maps: ReadonlyMap<string, SymbolId>,
  text: SymbolId | undefined,
): void {
  if (section === undefined) return;
  const places = [
    ...part.maps.map(({ slot, map }) => ({ slot, symbol: maps.get(map), type: RelocationType.wide })),
    ...part.functions.map(({ slot, kind }) => ({
      slot,
      symbol: text,
      type: kind === 'call' ? RelocationType.call : RelocationType.wide,
    })),
  ].sort((a, b) => a.slot - b.slot);
  for (const { slot, symbol, type } of places) {
    if (symbol !== undefined) file.relocate(section, { offset: slot * SLOT, symbol, type });
  }
}

/** The records of all sections, the types of their functions added to the builder. */
function describe(
  builder: BtfBuilder,
  placed: readonly PlacedProgram[],
  sections: readonly string[],
): SectionInfo[] {
  const int = builder.int('int', 4, 'signed');
  const entry = builder.functionPrototype(int, [{ name: 'context', typeId: builder.pointer(0) }]);
  const callee = builder.functionPrototype(int, []);
  const lines = (parts: readonly Part[]): LineInfo[] =>
    parts.flatMap((part) =>
      part.lines.map(({ slot, ...origin }) => ({ ...origin, instructionOffset: slot * SLOT })),
    );
  const text: FunctionInfo[] = placed.flatMap(({ split }) =>
    split.names.map(({ name, slot }) => ({
      instructionOffset: slot * SLOT,
      typeId: builder.function(name.replace(/\W/g, '_'), callee),
    })),
  );
  return [
    { section: TEXT, functions: text, lines: lines(placed.map(({ split }) => split.text)) },
    ...sections.map((section) => {
      const here = placed.filter((each) => each.section === section);
      return {
        section,
        functions: here.map(({ program, split }) => ({
          instructionOffset: split.body.start * SLOT,
          typeId: builder.function(program.name, entry, 'global'),
        })),
        lines: lines(here.map(({ split }) => split.body)),
      };
    }),
  ];
}
