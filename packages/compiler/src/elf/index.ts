/** eBPF programs as ELF objects for libbpf and bpftool. */
export { type ElfContents, type ElfProgram, writeElf } from './write.ts';
