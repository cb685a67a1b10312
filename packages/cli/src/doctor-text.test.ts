import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Feature, Host, ProbeResult, UnmetNeed } from '@waggle/kernel';
import { type DoctorReport, type Findings, reportOf } from './doctor-report.ts';
import { renderReport } from './doctor-text.ts';
import { styleFor } from './output.ts';

const host: Host = {
  kernel: '5.15.0-91-generic',
  architecture: 'x86_64',
  btf: true,
  jit: 'on',
  lockdown: 'off',
  cgroup2: '/sys/fs/cgroup',
  bpffs: undefined,
  unprivilegedBpf: 2,
  privileges: { uid: 0, missing: [], absent: [], userNamespace: false },
};

const feature = (name: string, group: Feature['group'], meaning = 'little is lost'): Feature => ({
  name,
  group,
  title: `the title of ${name}`,
  since: '6.6',
  meaning,
  probe: () => ({ available: true }),
});
const there: ProbeResult = { available: true };
const old = { available: false, reason: 'too old', detail: 'needs Linux 6.6, this is 5.15' } as const;
const denied = (detail: string): ProbeResult => ({ available: false, reason: 'denied', errno: 1, detail });

const tcx = feature('attach tcx', 'attachments', 'no links at devices; waggle attaches by clsact instead');
const findings: Findings = {
  versions: { waggle: '1.2.3', node: 'v20.20.2' },
  host,
  features: [
    [feature('map hash', 'maps'), there],
    [feature('map array', 'maps'), there],
    [tcx, old],
    [feature('attach clsact', 'attachments'), { available: true, detail: 'at ingress' }],
  ],
  unmet: [],
};

const plain = styleFor({}, {});
const unicode = styleFor({}, { LANG: 'C.UTF-8' });
const render = (changes: Partial<Findings>, options = {}, style = plain) =>
  renderReport(reportOf({ ...findings, ...changes }), style, options).split('\n');

const HEADING = [
  'waggle 1.2.3 on Linux 5.15.0-91-generic (x86_64), node v20.20.2',
  '  privileges  root',
  '  lockdown    off',
  '  kernel BTF  there',
  '  JIT         on',
  '  cgroup v2   /sys/fs/cgroup',
  '  bpffs       not mounted',
  '',
];

test('a host on which waggle can run: what is missing has a reason and a meaning', () => {
  assert.deepEqual(render({}), [
    ...HEADING,
    '+ 2 of 2 map types',
    '- 1 of 2 ways to attach programs',
    '  - tcx  too old: needs Linux 6.6, this is 5.15',
    '         no links at devices; waggle attaches by clsact instead',
    '',
    '+ waggle can run here: everything it needs is there.',
  ]);
});

test('with --all what is there is listed too', () => {
  assert.deepEqual(render({}, { all: true }, unicode).slice(HEADING.length, -2), [
    '✓ 2 of 2 map types',
    '  ✓ hash   the title of map hash',
    '  ✓ array  the title of map array',
    '– 1 of 2 ways to attach programs',
    '  – tcx     too old: needs Linux 6.6, this is 5.15',
    '            no links at devices; waggle attaches by clsact instead',
    '  ✓ clsact  the title of attach clsact: at ingress',
  ]);
});

test('a host on which waggle cannot run: what it needs is marked, and named in the end', () => {
  const unmet: UnmetNeed[] = [
    { purpose: 'to report flows and drops', feature: 'map ringBuffer', result: old },
  ];
  const ring = feature('map ringBuffer', 'maps', 'no events');
  assert.deepEqual(render({ features: [[ring, old]], unmet }).slice(HEADING.length), [
    'x 0 of 1 map types',
    '  x ringBuffer  too old: needs Linux 6.6, this is 5.15',
    '                no events',
    '',
    'x waggle cannot run here. It needs:',
    '  to report flows and drops: map ringBuffer (too old: needs Linux 6.6, this is 5.15)',
  ]);
});

describe('without privileges', () => {
  const result = denied('needs CAP_BPF');
  const privileges = {
    uid: 1000,
    missing: ['CAP_BPF', 'CAP_SYS_ADMIN'],
    absent: [],
    userNamespace: false,
  } as const;
  const unmet: UnmetNeed[] = [
    {
      purpose: 'to do',
      feature: 'map hash',
      result: { available: false, reason: 'denied', detail: 'needs CAP_BPF' },
    },
  ];
  const features: Findings['features'] = [
    [feature('map hash', 'maps'), result],
    [feature('map array', 'maps'), denied('needs CAP_BPF and more')],
    [tcx, old],
  ];

  test('says so first and what to do, and denied features share a line', () => {
    const lines = render({ host: { ...host, privileges }, features, unmet });
    assert.deepEqual(lines.slice(0, 2), [
      'You are not root, so most of this cannot be tried and shows as denied. Run it as root: sudo waggle',
      'doctor',
    ]);
    assert.equal(lines[4], '  privileges  user 1000 without CAP_BPF, CAP_SYS_ADMIN');
    assert.deepEqual(lines.slice(-7), [
      'x 0 of 2 map types',
      '  x 2 of them denied to this process (--all lists them)',
      '- 0 of 1 ways to attach programs',
      '  - tcx  too old: needs Linux 6.6, this is 5.15',
      '         no links at devices; waggle attaches by clsact instead',
      '',
      'x waggle cannot run like this: it lacks CAP_BPF, CAP_SYS_ADMIN. Run it as root: sudo waggle doctor',
    ]);
  });

  test('root in a container is told what to grant', () => {
    const lines = render({ host: { ...host, privileges: { ...privileges, uid: 0 } }, features, unmet });
    const text = lines.slice(0, 3).join(' ');
    assert.match(
      text,
      /^This process lacks privileges, .* Grant CAP_BPF, CAP_SYS_ADMIN \(docker run --privileged\)\./,
    );
  });
});

test('no line is wider than the page, whatever there is to say', () => {
  const long = feature('attach something', 'attachments', 'a sentence that goes on and on '.repeat(9).trim());
  const absent = Array.from({ length: 40 }, () => 'CAP_SYS_RESOURCE' as const);
  const lines = render({
    features: [[long, denied('because of many reasons '.repeat(9).trim())]],
    host: { ...host, privileges: { ...host.privileges, absent } },
  });
  assert.ok(lines.every((line) => line.length <= 100));
  assert.ok(lines.length > 15);
});

test('colours change nothing but colours', () => {
  const coloured = render({}, {}, styleFor({ isTTY: true }, {}));
  assert.notDeepEqual(coloured, render({}));
  const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  assert.deepEqual(
    coloured.map((line) => line.replaceAll(colour, '')),
    render({}),
  );
});

test('the JSON has what it promises', () => {
  const report: DoctorReport = JSON.parse(JSON.stringify(reportOf(findings)));
  assert.deepEqual(report, {
    waggle: '1.2.3',
    node: 'v20.20.2',
    kernel: '5.15.0-91-generic',
    architecture: 'x86_64',
    privileges: { uid: 0, missing: [], absent: [], userNamespace: false, sufficient: true },
    lockdown: 'off',
    btf: true,
    jit: 'on',
    cgroup2: '/sys/fs/cgroup',
    bpffs: null,
    features: [
      expectedFeature('map hash', 'maps'),
      expectedFeature('map array', 'maps'),
      { ...expectedFeature('attach tcx', 'attachments'), ...old, meaning: tcx.meaning },
      { ...expectedFeature('attach clsact', 'attachments'), detail: 'at ingress' },
    ],
    verdict: { ready: true, missing: [] },
  });
});

function expectedFeature(name: string, group: string) {
  return {
    name,
    group,
    title: `the title of ${name}`,
    available: true,
    since: '6.6',
    meaning: 'little is lost',
  };
}
