/**
 * What the kernel tells about its objects: `struct bpf_map_info`, `bpf_prog_info`, `bpf_link_info`, `bpf_btf_info`
 * (include/uapi/linux/bpf.h). An older kernel fills less of them, a newer one has more; both are fine.
 */
import { bytes, chars, codecOf, type Struct, struct, u32, u64 } from '@waggle/bpf';
import { check } from '../errors.ts';
import { ObjectInfo } from './attributes.ts';
import { Attribute, type AttributeValues, Command, execute } from './bpf.ts';

export const MapInformation = struct('bpf_map_info', {
  type: u32,
  id: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
  name: chars(16),
  ifindex: u32,
  btf_vmlinux_value_type_id: u32,
  netns_dev: u64,
  netns_ino: u64,
  btf_id: u32,
  btf_key_type_id: u32,
  btf_value_type_id: u32,
  btf_vmlinux_id: u32,
  map_extra: u64,
});

export const ProgramInformation = struct('bpf_prog_info', {
  type: u32,
  id: u32,
  tag: bytes(8),
  jited_prog_len: u32,
  xlated_prog_len: u32,
  jited_prog_insns: u64,
  xlated_prog_insns: u64,
  load_time: u64,
  created_by_uid: u32,
  nr_map_ids: u32,
  map_ids: u64,
  name: chars(16),
  ifindex: u32,
  gpl_compatible: u32,
  netns_dev: u64,
  netns_ino: u64,
  nr_jited_ksyms: u32,
  nr_jited_func_lens: u32,
  jited_ksyms: u64,
  jited_func_lens: u64,
  btf_id: u32,
  func_info_rec_size: u32,
  func_info: u64,
  nr_func_info: u32,
  nr_line_info: u32,
  line_info: u64,
  jited_line_info: u64,
  nr_jited_line_info: u32,
  line_info_rec_size: u32,
  jited_line_info_rec_size: u32,
  nr_prog_tags: u32,
  prog_tags: u64,
  run_time_ns: u64,
  run_cnt: u64,
  recursion_misses: u64,
  verified_insns: u32,
  attach_btf_obj_id: u32,
  attach_btf_id: u32,
});

/** The part of `struct bpf_link_info` that all link types share, and the union behind it as raw words. */
export const LinkInformation = struct('bpf_link_info', {
  type: u32,
  id: u32,
  prog_id: u32,
  /** The union starts at a multiple of 8 bytes; its meaning depends on the type. */
  padding: u32,
  word0: u32,
  word1: u32,
  word2: u32,
  word3: u32,
  word4: u32,
});

/** The same for a raw tracepoint, whose union starts with a buffer for its name. */
export const LinkNameInformation = struct('bpf_link_info_name', {
  type: u32,
  id: u32,
  prog_id: u32,
  tp_name: u64,
  tp_name_len: u32,
});

/**
 * Asks for the information about the object behind `fd`.
 * @param fill pointers and counts of what the kernel should copy out beside it.
 */
export function information<T>(
  fd: number,
  layout: Struct<T>,
  object: string,
  fill: AttributeValues<T> = {},
): T {
  const answer = new Attribute(layout, fill);
  const result = execute(Command.objectGetInfo, ObjectInfo, {
    bpf_fd: fd,
    info_len: answer.memory.size,
    info: answer,
  });
  check(result, 'read the information of', object);
  return codecOf(layout).decode(answer.memory.bytes);
}
