/**
 * The arguments of bpf(2), one struct per command: the anonymous structs of `union bpf_attr`
 * (include/uapi/linux/bpf.h), with the kernel's own member names. A test compares every offset and size with the
 * running kernel's BTF. Pointers are 64-bit fields; `-` fds are 0, which the kernel takes for "none" where an fd is optional.
 */
import { chars, struct, u32, u64 } from '@waggle/bpf';

export const MapCreate = struct('map_create', {
  map_type: u32,
  key_size: u32,
  value_size: u32,
  max_entries: u32,
  map_flags: u32,
  inner_map_fd: u32,
  numa_node: u32,
  map_name: chars(16),
  map_ifindex: u32,
  btf_fd: u32,
  btf_key_type_id: u32,
  btf_value_type_id: u32,
  btf_vmlinux_value_type_id: u32,
  map_extra: u64,
});

export const MapElement = struct('map_element', { map_fd: u32, key: u64, value: u64, flags: u64 });

export const MapBatch = struct('batch', {
  in_batch: u64,
  out_batch: u64,
  keys: u64,
  values: u64,
  count: u32,
  map_fd: u32,
  elem_flags: u64,
  flags: u64,
});

export const ProgramLoad = struct('program_load', {
  prog_type: u32,
  insn_cnt: u32,
  insns: u64,
  license: u64,
  log_level: u32,
  log_size: u32,
  log_buf: u64,
  kern_version: u32,
  prog_flags: u32,
  prog_name: chars(16),
  prog_ifindex: u32,
  expected_attach_type: u32,
  prog_btf_fd: u32,
  func_info_rec_size: u32,
  func_info: u64,
  func_info_cnt: u32,
  line_info_rec_size: u32,
  line_info: u64,
  line_info_cnt: u32,
  attach_btf_id: u32,
  attach_prog_fd: u32,
  core_relo_cnt: u32,
  fd_array: u64,
});

export const ObjectPin = struct('object_pin', { pathname: u64, bpf_fd: u32, file_flags: u32 });

export const ProgramAttach = struct('program_attach', {
  target_fd: u32,
  attach_bpf_fd: u32,
  attach_type: u32,
  attach_flags: u32,
  replace_bpf_fd: u32,
});

export const TestRun = struct('test', {
  prog_fd: u32,
  retval: u32,
  data_size_in: u32,
  data_size_out: u32,
  data_in: u64,
  data_out: u64,
  repeat: u32,
  duration: u32,
  ctx_size_in: u32,
  ctx_size_out: u32,
  ctx_in: u64,
  ctx_out: u64,
  flags: u32,
  cpu: u32,
  batch_size: u32,
});

export const ObjectId = struct('object_id', { start_id: u32, next_id: u32, open_flags: u32 });

export const ObjectInfo = struct('info', { bpf_fd: u32, info_len: u32, info: u64 });

export const Query = struct('query', {
  target_fd: u32,
  attach_type: u32,
  query_flags: u32,
  attach_flags: u32,
  prog_ids: u64,
  prog_cnt: u32,
});

export const RawTracepointOpen = struct('raw_tracepoint', { name: u64, prog_fd: u32, cookie: u64 });

export const BtfLoad = struct('btf_load', {
  btf: u64,
  btf_log_buf: u64,
  btf_size: u32,
  btf_log_size: u32,
  btf_log_level: u32,
});

const link = { prog_fd: u32, target_fd: u32, attach_type: u32, flags: u32 } as const;

/** The link types whose attach type says everything. */
export const LinkCreate = struct('link_create', link);
export const LinkCreateTracing = struct('link_create_tracing', { ...link, target_btf_id: u32, cookie: u64 });
export const LinkCreateIterator = struct('link_create_iterator', {
  ...link,
  iter_info: u64,
  iter_info_len: u32,
});
export const LinkCreatePerfEvent = struct('link_create_perf_event', { ...link, bpf_cookie: u64 });
export const LinkCreateNetfilter = struct('link_create_netfilter', {
  ...link,
  pf: u32,
  hooknum: u32,
  priority: u32,
  nf_flags: u32,
});
/** tcx, and since 6.16 cgroup: the place among the programs of one hook. */
export const LinkCreateOrdered = struct('link_create_ordered', {
  ...link,
  relative_fd: u32,
  expected_revision: u64,
});
export const LinkCreateUprobeMulti = struct('link_create_uprobe_multi', {
  ...link,
  path: u64,
  offsets: u64,
  ref_ctr_offsets: u64,
  cookies: u64,
  cnt: u32,
  multi_flags: u32,
  pid: u32,
});

export const LinkUpdate = struct('link_update', {
  link_fd: u32,
  new_prog_fd: u32,
  flags: u32,
  old_prog_fd: u32,
});

export const LinkDetach = struct('link_detach', { link_fd: u32 });

export const EnableStats = struct('enable_stats', { type: u32 });

export const IteratorCreate = struct('iter_create', { link_fd: u32, flags: u32 });

export const ProgramBindMap = struct('prog_bind_map', { prog_fd: u32, map_fd: u32, flags: u32 });
