import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointListText, endpointText, labelsText, logText } from './endpoint-text.ts';
import { styleFor } from './output.ts';
import { endpoint } from './testing/answers.ts';

const style = styleFor({ columns: 100 }, { LANG: 'C' });
const web = endpoint(1, 'web');
const database = endpoint(22, 'database', {
  state: 'regenerating',
  labels: {
    realized: {},
    'security-relevant': ['k8s:app=database', 'k8s:io.kubernetes.pod.namespace=production', 'k8s:tier=store'],
    derived: ['unspec:build=17'],
    disabled: [],
  },
  policy: {
    spec: { 'policy-revision': 8, 'policy-enabled': 'audit-both' },
    realized: { 'policy-revision': 7, 'policy-enabled': 'audit-both' },
  },
  'external-identifiers': { 'container-name': 'db' },
  namedPorts: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  health: { overallHealth: 'Warning', bpf: 'OK', policy: 'Warning', connected: true },
  waggle: {
    name: 'database',
    created: '2026-03-01T11:00:00.000Z',
    'network-namespace': 0,
    'policy-entries': 1,
    'policy-status': 'overflow',
    'policy-message': 'it takes 20000 entries, and its map holds 16384',
  },
});

describe('a list of endpoints', () => {
  test('has a row for each, within 100 columns', () => {
    const text = endpointListText([web, database], [], 100);
    assert.equal(
      text,
      `ID  NAME      STATE         POLICY    IDENTITY  LABELS                                  ADDRESSES
 1  web       ready         ingress       1001  app=web                                 10.1.0.1
                                                                                        fd00::1
22  database  regenerating  both,         1022  app=database                            10.1.0.22
                            audit,              io.kubernetes.pod.namespace=production  fd00::22
                            overflow            tier=store
`,
    );
  });

  test('without any says what to do', () => {
    assert.match(endpointListText([], [], 100), /^no endpoints; start one with waggle run/);
    assert.equal(endpointListText([], ['app=x', 'a=b'], 100), 'no endpoint has app=x and a=b\n');
  });
});

test('all about an endpoint', () => {
  assert.equal(
    endpointText(database, style),
    `database  (endpoint 22)
  state      regenerating
  health     Warning (programs OK, policy Warning)
  identity   1022
  labels     k8s:app=database k8s:io.kubernetes.pod.namespace=production k8s:tier=store
  also       unspec:build=17
  addresses  10.1.0.22, fd00::22
  device     lxc22 (number 32), 02:00:00:00:00:02 here, 02:00:00:00:00:01 in the endpoint
  namespace  not known
  container  container-name:db
  ports      sql = 5432/TCP
  policy     revision 7, enforced: both, audit, overflow, 1 entry
  problem    it takes 20000 entries, and its map holds 16384
  created    2026-03-01T11:00:00.000Z
`,
  );
});

test('its log is one line an event, with long messages below one another', () => {
  const lines = [
    {
      timestamp: '2026-03-01T11:00:00.000Z',
      state: 'ready',
      code: 'OK',
      message: 'its programs are in place, and its policy is in force',
    },
  ] as const;
  assert.equal(
    logText([...lines], 70),
    `TIME                      STATE  CODE  MESSAGE
2026-03-01T11:00:00.000Z  ready  OK    its programs are in place, and
                                       its policy is in force
`,
  );
  assert.equal(logText([], 100), 'nothing has happened yet\n');
});

test('labels with what they are used for', () => {
  const labels = {
    spec: { user: ['unspec:app=web'] },
    status: {
      realized: { user: ['unspec:app=web'] },
      'security-relevant': ['container:image=web', 'unspec:app=web'],
      derived: ['unspec:build=17'],
      disabled: [],
    },
  };
  assert.equal(
    labelsText(labels, 100),
    `LABEL                USED FOR     GIVEN BY
container:image=web  identity     system
unspec:app=web       identity     user
unspec:build=17      information  system
`,
  );
  const none = { spec: {}, status: { realized: {}, 'security-relevant': [], derived: [], disabled: [] } };
  assert.equal(labelsText(none, 100), 'no labels\n');
});
