/**
 * The ELF format in numbers, as far as a relocatable object with eBPF code needs it: the System V ABI (gABI) for 64-bit
 * little-endian files, and the eBPF supplement for the machine and its relocations (Documentation/bpf/llvm_reloc.rst).
 */

/** Bytes of the records. */
export const HEADER_SIZE = 64;
export const SECTION_HEADER_SIZE = 64;
export const SYMBOL_SIZE = 24;
export const RELOCATION_SIZE = 16;

/** The first 16 bytes: magic number, 64 bits, little-endian, version 1. */
export const IDENTIFICATION = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** `ET_REL`, `EM_BPF`, `EV_CURRENT`. */
export const RELOCATABLE = 1;
export const MACHINE_BPF = 247;
export const VERSION = 1;

/** `SHT_*`: what a section holds. */
export const SectionType = { null: 0, data: 1, symbols: 2, strings: 3, relocations: 9 } as const;
export type SectionType = (typeof SectionType)[keyof typeof SectionType];

/** `SHF_*`: what becomes of a section in memory; `infoLink` says that `sh_info` is a section. */
export const SectionFlag = { none: 0, write: 1, allocate: 2, execute: 4, infoLink: 0x40 } as const;

/** `STB_*` and `STT_*`: who sees a symbol, and what it names. */
export const Binding = { local: 0, global: 1 } as const;
export const SymbolType = { none: 0, object: 1, function: 2, section: 3 } as const;

/** `R_BPF_64_64`: the immediate of a wide load. `R_BPF_64_32`: the immediate of a call. */
export const RelocationType = { wide: 1, call: 10 } as const;
