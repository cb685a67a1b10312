import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Struct } from '@waggle/bpf';
import type { Btf } from '@waggle/compiler';
import { kernelBtf } from '../btf/index.ts';
import * as attributes from './attributes.ts';
import { LinkInformation, MapInformation, ProgramInformation } from './information.ts';

const noBtf = (() => {
  try {
    kernelBtf();
    return false;
  } catch (error) {
    return String(error);
  }
})();

/** Where a struct of ours lies in the kernel's `union bpf_attr`, and what a few of its members are called there. */
const paths: Record<string, { path: string; renamed?: Record<string, string> }> = {
  map_element: { path: '' },
  batch: { path: 'batch.' },
  test: { path: 'test.' },
  query: { path: 'query.' },
  raw_tracepoint: { path: 'raw_tracepoint.' },
  info: { path: 'info.' },
  link_update: { path: 'link_update.' },
  link_detach: { path: 'link_detach.' },
  enable_stats: { path: 'enable_stats.' },
  iter_create: { path: 'iter_create.' },
  prog_bind_map: { path: 'prog_bind_map.' },
  link_create: { path: 'link_create.' },
  link_create_tracing: { path: 'link_create.', renamed: { cookie: 'tracing.cookie' } },
  link_create_iterator: { path: 'link_create.' },
  link_create_perf_event: { path: 'link_create.', renamed: { bpf_cookie: 'perf_event.bpf_cookie' } },
  link_create_netfilter: {
    path: 'link_create.',
    renamed: {
      pf: 'netfilter.pf',
      hooknum: 'netfilter.hooknum',
      priority: 'netfilter.priority',
      nf_flags: 'netfilter.flags',
    },
  },
  link_create_ordered: {
    path: 'link_create.',
    renamed: { relative_fd: 'tcx.relative_fd', expected_revision: 'tcx.expected_revision' },
  },
  link_create_uprobe_multi: {
    path: 'link_create.',
    renamed: Object.fromEntries(
      ['path', 'offsets', 'ref_ctr_offsets', 'cookies', 'cnt', 'pid']
        .map((name) => [name, `uprobe_multi.${name}`])
        .concat([['multi_flags', 'uprobe_multi.flags']]),
    ),
  },
};

/** Members of anonymous structs of the union, which BTF finds by name alone. */
const flat = new Set(['map_create', 'program_load', 'object_pin', 'program_attach', 'object_id', 'btf_load']);
function assertLayout(btf: Btf, name: string, path: (field: string) => string, layout: Struct): void {
  for (const field of layout.fields) {
    const member = btf.member(name, path(field.name));
    assert.equal(field.offset, member.byteOffset, `${layout.name}.${field.name}: offset`);
    if (!member.isBitfield)
      assert.equal(field.type.size, member.byteSize, `${layout.name}.${field.name}: size`);
  }
}

for (const layout of Object.values(attributes)) {
  test(`bpf_attr of the running kernel: ${layout.name}`, { skip: noBtf }, () => {
    const place = paths[layout.name];
    assert.ok(place || flat.has(layout.name), `${layout.name} is checked`);
    const path = (field: string) => (place?.path ?? '') + (place?.renamed?.[field] ?? field);
    assertLayout(kernelBtf(), 'bpf_attr', path, layout);
  });
}

test('bpf_map_info and bpf_prog_info of the running kernel', { skip: noBtf }, () => {
  const btf = kernelBtf();
  for (const layout of [MapInformation, ProgramInformation])
    assertLayout(btf, layout.name, (field) => field, layout);
});

test('bpf_link_info of the running kernel: the union follows at 16 bytes', { skip: noBtf }, () => {
  const btf = kernelBtf();
  const word0 = LinkInformation.fields.find(({ name }) => name === 'word0');
  assert.equal(word0?.offset, btf.memberOffset('bpf_link_info', 'xdp.ifindex'));
  assert.equal(btf.memberOffset('bpf_link_info', 'tcx.attach_type'), 20);
  assert.equal(btf.memberOffset('bpf_link_info', 'cgroup.attach_type'), 24);
  assert.equal(btf.memberOffset('bpf_link_info', 'netns.attach_type'), 20);
});
