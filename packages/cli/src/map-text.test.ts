import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BPFMap } from '@waggle/agent/client';
import { entriesText, mapListText } from './map-text.ts';
import { styleFor } from './output.ts';

const map = (name: string, entries: number, type = 'lpmTrie'): BPFMap => ({
  name,
  type,
  entries,
  'max-entries': 1000,
  'key-size': 24,
  'value-size': 8,
  path: `/sys/fs/bpf/waggle/${name}`,
});

test('maps are listed with how full they are, and those that are nearly full are marked', () => {
  assert.equal(
    mapListText(
      [map('ipcache', 12), map('policies', 900), map('metrics', 1000, 'perCpuArray')],
      styleFor({ columns: 100 }, { LANG: 'C' }),
    ),
    `MAP       TYPE         ENTRIES    OF  USED    PATH
ipcache   lpmTrie           12  1000  1 %     /sys/fs/bpf/waggle/ipcache
policies  lpmTrie          900  1000  90 % !  /sys/fs/bpf/waggle/policies
metrics   perCpuArray     1000  1000  -       /sys/fs/bpf/waggle/metrics
`,
  );
});

test('entries say when they are not all', () => {
  const cache = [{ key: '10.0.0.0/8', value: 'identity 7', 'desired-action': 'ok' as const }];
  const text = 'KEY         VALUE\n10.0.0.0/8  identity 7\n';
  assert.equal(entriesText({ ...map('ipcache', 1), cache, truncated: false }, 100), text);
  assert.equal(
    entriesText({ ...map('ipcache', 5), cache, truncated: true }, 100),
    `${text}… of 5; --limit shows more\n`,
  );
  assert.equal(entriesText(map('ipcache', 0), 100), 'no entries\n');
});

test('entries that say something by name are shown in columns', () => {
  const entry = (key: string, value: string) => ({ key, value, 'desired-action': 'ok' as const });
  const cache = [
    entry('identity=7 direction=ingress port=80/tcp', 'action=allow'),
    entry('identity=300 direction=egress', 'action=redirect proxyPort=15000'),
  ];
  assert.equal(
    entriesText({ ...map('policies', 2), cache }, 100),
    `IDENTITY  DIRECTION  PORT    ACTION    PROXYPORT
7         ingress    80/tcp  allow     -
300       egress     -       redirect  15000
`,
  );
  const counted = entry('reason=201 name=Multicast handled direction=egress', 'packets=6');
  assert.equal(
    entriesText({ ...map('metrics', 1), cache: [counted] }, 100),
    'REASON  NAME               DIRECTION  PACKETS\n201     Multicast handled  egress     6\n',
  );
  const mixed = [...cache, entry('plain', 'text')];
  assert.match(entriesText({ ...map('policies', 3), cache: mixed }, 100), /^KEY +VALUE\n/);
});
