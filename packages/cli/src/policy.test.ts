/** `waggle policy` as users have it: what it prints, and what it ends with. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

const SHOP = relative(process.cwd(), fileURLToPath(new URL('../../../examples/shop', import.meta.url)));
const POLICIES = ['-p', `${SHOP}/policies`];
const ENDPOINTS = ['-e', `${SHOP}/endpoints.yaml`];
const folder = mkdtempSync(join(tmpdir(), 'waggle-policy-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Two rules that ask for different parsers on a port of the backend. */
function conflicting(): string {
  const rule = (rules: string): string =>
    `- endpointSelector: { matchLabels: { app: backend } }
  ingress: [{ toPorts: [{ ports: [{ port: "9092", protocol: TCP }], rules: { ${rules} } }] }]\n`;
  return file('parsers.yaml', rule('http: [{}]') + rule('kafka: [{ topic: orders }]'));
}

async function policy(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const status = await run(['policy', ...args], { stdout: stream('stdout'), stderr: stream('stderr') });
  for (const line of written.stdout.split('\n')) {
    // Problems are one line each, as compilers write them.
    const isProblem = /^\S+\.yaml:\d+: /.test(line);
    if (!args.includes('json') && !isProblem) assert.ok(line.length <= 100, `too wide: ${line}`);
  }
  return { ...written, status };
}

const trace = (from: string, to: string, port: string, ...more: string[]) =>
  policy('trace', ...POLICIES, ...ENDPOINTS, '--from', from, '--to', to, '--port', port, ...more);

describe('waggle policy trace', () => {
  test('a packet that passes ends with 0 and names the rule', async () => {
    const { stdout, status } = await trace('backend', 'database', '5432/TCP');
    assert.equal(status, 0);
    assert.match(stdout, /^ALLOWED {2}backend to database, 5432\/TCP\n/);
    assert.match(
      stdout,
      /\negress of backend: allowed\n {2}allowed by backend-api \(.*policies\/backend\.yaml:23\)/,
    );
    assert.match(
      stdout,
      /\ningress of database: allowed\n {2}allowed by database \(.*policies\/database\.yaml:10\)/,
    );
  });

  test('a packet that is denied ends with 1 and says what is missing, and what to do', async () => {
    const { stdout, status } = await trace('batch', 'backend', '8080/TCP');
    assert.equal(status, 1);
    assert.match(stdout, /^DENIED {2}batch to backend, 8080\/TCP\n/);
    assert.match(
      stdout.replaceAll(/\n +/g, ' '),
      /allows this port only from app=frontend; the peer has app=batch\. To allow it, give/,
    );
  });

  test('what proxies check is shown, and ports have the receiver’s names', async () => {
    const { stdout, status } = await trace('frontend-1', 'backend', 'http');
    assert.equal(status, 0);
    assert.match(stdout, /^ALLOWED BY WAY OF A PROXY {2}frontend-1 to backend, 8080\/TCP\n/);
    assert.match(stdout, /The http proxy lets pass:\n {2}- GET \/cart\/\.\*, by backend-api/);
  });

  test('a deny rule is named before what else is missing', async () => {
    const { stdout } = await trace('frontend-2', 'database', '5432');
    assert.match(stdout, /denied by database \(.*policies\/database\.yaml:25\), spec\.ingressDeny\[0\]/);
    assert.match(stdout, /And no rule allows it\. What comes nearest:/);
  });

  test('addresses are those of endpoints, or of the narrowest CIDR that rules name', async () => {
    const own = await trace('10.1.0.11', 'backend', '8080');
    assert.match(own.stdout, /\n {2}from {2}10\.1\.0\.11 {2}app=frontend, role=web /);
    const inside = await trace('203.0.113.7', 'database', '5432');
    assert.equal(inside.status, 0);
    assert.match(inside.stdout, /cidr:203\.0\.113\.0\/24/);
    assert.equal((await trace('203.0.113.200', 'database', '5432')).status, 1);
    assert.equal((await trace('2001:db8::1', 'database', '5432')).status, 1);
    const wide = await trace('203.0.113.0/24', 'database', '5432');
    assert.match(wide.stdout, /narrower CIDRs, which may fare otherwise: 203\.0\.113\.128\/25\n$/);
  });

  test('labels stand for an endpoint that would have just these', async () => {
    const { stdout, status } = await trace('role=api,team=new', 'database', '5432');
    assert.equal(status, 0);
    assert.match(stdout, /^ALLOWED {2}role=api,team=new to database/);
  });

  test('names of DNS are those that rules name', async () => {
    const names = file(
      'names.yaml',
      `endpointSelector: { matchLabels: { app: batch } }
egress:
  - toFQDNs: [{ matchPattern: "*.example.com" }]
    toPorts: [{ ports: [{ port: "443", protocol: TCP }] }]
`,
    );
    const ask = (to: string) =>
      policy('trace', '-p', names, ...ENDPOINTS, '--from', 'batch', '--to', to, '--port', '443');
    assert.equal((await ask('api.example.com')).status, 0);
    const other = await ask('api.example.org');
    assert.equal(other.status, 2);
    assert.match(other.stderr, /Nobody is called "api\.example\.org"/);
  });

  test('only one end can be asked', async () => {
    const { stdout, status } = await trace('batch', 'backend', '8080', '--direction', 'egress');
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /ingress/);
  });

  test('JSON has the verdict, the entry, the rules and the names', async () => {
    const { stdout, status } = await trace('backend', 'database', '5432', '-o', 'json');
    assert.equal(status, 0);
    const { verdict, directions, identities } = JSON.parse(stdout);
    assert.equal(verdict, 'allowed');
    assert.deepEqual(
      directions.map(({ rules }: { rules: { name: string }[] }) => rules[0]?.name),
      ['backend-api', 'database'],
    );
    assert.deepEqual(
      Object.values<{ name: string }>(identities)
        .map(({ name }) => name)
        .sort(),
      ['backend', 'database'],
    );
  });

  test('enforcement modes', async () => {
    assert.equal((await trace('batch', 'frontend-1', '80')).status, 0);
    assert.equal((await trace('batch', 'frontend-1', '80', '--enforcement', 'always')).status, 1);
    assert.equal((await trace('batch', 'backend', '80', '--enforcement', 'never')).status, 0);
    assert.equal((await trace('host', 'backend', '80')).status, 1);
    assert.equal((await trace('host', 'backend', '80', '--allow-localhost')).status, 0);
  });

  const faults: [string, string[], RegExp][] = [
    ['a name that is misspelt', ['frontnd-1', 'backend', '80'], /"frontnd-1"\. Did you mean "frontend-1"\?/],
    ['a port that is none', ['batch', 'backend', '99999'], /"99999" is no port\. Allowed: 80\/TCP.*http;/],
    ['ICMP without a type', ['batch', 'backend', 'ICMP'], /"ICMP" is no port\. Allowed: .*8\/ICMP/],
    ['a protocol that is none', ['batch', 'backend', '80/TCQ'], /"80\/TCQ" is no port/],
  ];
  for (const [what, [from = '', to = '', port = ''], message] of faults) {
    test(`${what} ends with 2`, async () => {
      const { stderr, stdout, status } = await trace(from, to, port);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    });
  }

  test('the file of endpoints may give numbers to identities, each to one set of labels', async () => {
    const ask = (second: string) =>
      policy(
        'trace',
        ...POLICIES,
        '-e',
        file(
          'numbers.yaml',
          `[{name: a, labels: {app: a}, identity: 256}, {name: b, labels: ${second}}, {name: c, labels: {app: c}}]`,
        ),
        ...['--from', 'a', '--to', 'c', '--port', '80', '-o', 'json'],
      );
    const { stdout } = await ask('{app: b}');
    assert.deepEqual([JSON.parse(stdout).from, JSON.parse(stdout).to], [256, 258]);
    for (const wrong of ['{app: b}, identity: 256', '{app: a}, identity: 300']) {
      const { stderr, status } = await ask(wrong);
      assert.equal(status, 2);
      assert.match(
        stderr,
        /numbers\.yaml:1: identity \d+ does not go with these labels\. Identity 256 is that of/,
      );
    }
  });

  test('a name in two namespaces has to be told with its own', async () => {
    const endpoints = file(
      'two.yaml',
      '[{name: web, namespace: a, labels: {app: web}}, {name: web, namespace: b, labels: {app: web}}]',
    );
    const ask = (from: string) =>
      policy('trace', ...POLICIES, '-e', endpoints, '--from', from, '--to', 'world', '--port', '80');
    const { stderr, status } = await ask('web');
    assert.equal(status, 2);
    assert.match(stderr, /"web" may be any of a\/web, b\/web\. Name it with its namespace/);
    assert.equal((await ask('b/web')).status, 0);
  });
});

describe('waggle policy explain', () => {
  test('shows the table with rules and places', async () => {
    const { stdout, status } = await policy('explain', 'database', ...POLICIES, ...ENDPOINTS);
    assert.equal(status, 0);
    assert.match(stdout, /^database {2}\(identity \d+\)\n {2}labels {3}app=database, role=store\n/);
    assert.match(stdout, /\nDIRECTION {2}PEER +PORTS +ACTION +RULE\n/);
    assert.match(stdout, /\ningress +203\.0\.113\.0\/24 +5432\/TCP +allow +database\n/);
    assert.match(stdout, /\ningress +frontend-1, frontend-2 +everything +deny/);
    assert.match(stdout, /\nEverything else is denied \(ingress\)\.\n$/);
  });

  test('JSON is the whole explanation', async () => {
    const { stdout } = await policy('explain', 'database', ...POLICIES, ...ENDPOINTS, '-o', 'json');
    const { rows, enforced } = JSON.parse(stdout);
    assert.deepEqual(enforced, { ingress: true, egress: false });
    assert.ok(rows.every((row: { rules: unknown }) => Array.isArray(row.rules)));
  });

  test('says of a policy that cannot be put in force that nothing is allowed, and why', async () => {
    const { stdout, status } = await policy('explain', 'backend', '-p', conflicting(), ...ENDPOINTS);
    assert.equal(status, 0);
    assert.match(stdout, /\n {2}ingress {2}everything is denied: the policy is not in force\n/);
    assert.match(
      stdout.replaceAll(/\n +/g, ' '),
      /different parsers on port 9092 \(.*\)\. Until that is put right/,
    );
    assert.doesNotMatch(stdout, /DIRECTION/);
  });

  test('whom nobody knows is an error', async () => {
    const { stderr, status } = await policy('explain', 'databse', ...POLICIES, ...ENDPOINTS);
    assert.equal(status, 1);
    assert.match(stderr, /Did you mean "database"\?/);
  });
});

describe('waggle policy diff', () => {
  const diff = (before: string, afterwards: string, ...more: string[]) =>
    policy('diff', '--before', before, '--after', afterwards, ...ENDPOINTS, ...more);

  test('ends with 0 when nothing changes', async () => {
    const { stdout, status } = await diff(`${SHOP}/policies`, `${SHOP}/policies`);
    assert.equal(status, 0);
    assert.match(stdout, /^Nothing changes: \d+ pairs compared\.\n$/);
  });

  test('ends with 1 when something does, and shows what, with the rules', async () => {
    const { stdout, status } = await diff(`${SHOP}/policies`, `${SHOP}/changed`);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /\nbatch +database +5432\/TCP +denied: no rule +allowed by database\n +allows it \(ingress\)/,
    );
    assert.match(stdout, /\n2 of \d+ pairs change; 2 may do more\.\n$/);
    const back = await diff(`${SHOP}/changed`, `${SHOP}/policies`);
    assert.match(back.stdout, /2 may do less\.\n$/);
  });

  test('equal changes of several pairs are one line', async () => {
    const closed = file('closed.yaml', 'endpointSelector: { matchLabels: { app: batch } }\negress: [{}]\n');
    const { stdout } = await diff(`${SHOP}/policies`, closed);
    const lines = stdout.split('\n').filter((line) => line.startsWith('batch '));
    assert.equal(lines.length, 1);
    assert.match(stdout, /\nbatch +host, world, +everything +allowed by default +denied: no/);
  });

  test('ends with 2 when it cannot be said', async () => {
    const { stderr, status } = await diff(`${SHOP}/policies`, `${folder}/nowhere`);
    assert.equal(status, 2);
    assert.match(stderr, /There is no file or directory .*nowhere/);
  });

  test('JSON has the pairs', async () => {
    const { stdout } = await diff(`${SHOP}/policies`, `${SHOP}/changed`, '-o', 'json');
    const { pairs, identities } = JSON.parse(stdout);
    const names = pairs.map(({ from }: { from: number }) => identities[from].name);
    assert.deepEqual(names.sort(), ['203.0.113.128/25', 'batch']);
  });
});

describe('waggle policy validate', () => {
  test('sums up what is in the files', async () => {
    const { stdout, status } = await policy('validate', `${SHOP}/policies`, ...ENDPOINTS);
    assert.equal(status, 0);
    assert.match(stdout, /\n\S+backend\.yaml +backend-api +CNP +1 +1\n/);
    assert.match(stdout, /\n\S 2 files, 2 rules: all valid\n$/);
  });

  test('shows all that is wrong in all files', async () => {
    const bad = [
      file('bad1.yaml', 'endpointSelector: {}\ningres: []\n'),
      file('bad2.yaml', 'endpointSelector: {}\ningress:\n  - toPorts: [{ ports: [{ port: "99999" }] }]\n'),
    ];
    const { stdout, status } = await policy('validate', ...bad, `${SHOP}/policies`);
    assert.equal(status, 1);
    assert.match(stdout, /bad1\.yaml:2: ingres: .*Did you mean "ingress"\?/);
    assert.match(stdout, /bad2\.yaml:3: ingress\[0\]\.toPorts\[0\]\.ports\[0\]\.port: /);
    assert.match(stdout, /4 files, 2 rules: \d problems in 2 files\n$/);
    const traced = await policy('trace', '-p', ...bad, '--from', 'world', '--to', 'host', '--port', '1');
    assert.equal(traced.status, 2);
    assert.match(traced.stderr, /bad1\.yaml:2: [\s\S]*bad2\.yaml:3: /);
  });

  test('finds ports that two rules want to be read by different parsers, also without endpoints', async () => {
    const both = conflicting();
    for (const more of [[], ENDPOINTS]) {
      const { stdout, status } = await policy('validate', both, ...more);
      assert.equal(status, 1);
      assert.match(
        stdout.replaceAll(/\n +/g, ' '),
        /ingress 9092\/TCP cannot be read as (http and as kafka|kafka and as http): .*parsers\.yaml:2\).*parsers\.yaml:4\)/,
      );
    }
  });

  test('finds labels that no endpoint has, and labels that make identities for nothing', async () => {
    const typo = file('typo.yaml', 'endpointSelector: { matchLabels: { app: backnd } }\ningress: [{}]\n');
    const many = file(
      'many.yaml',
      '[{labels: {app: backend, build: "1"}}, {labels: {app: backend, build: "2"}}]',
    );
    const { stdout, status } = await policy('validate', typo, '-e', many);
    assert.equal(status, 0);
    const text = stdout.replaceAll(/\n +/g, ' ');
    assert.match(text, /no endpoint has app=backnd, .*typo\.yaml:1\)\. Did you mean app=backend\?/);
    assert.match(
      text,
      /the label k8s:build has 2 values and adds 1 to the 2 identities, but no rule asks for it/,
    );
  });

  test('a path that is not there is an error', async () => {
    const { stderr, status } = await policy('validate', `${folder}/nowhere`);
    assert.equal(status, 1);
    assert.match(stderr, /There is no file or directory/);
  });
});

test('the help of each command says what it ends with', async () => {
  for (const name of ['trace', 'diff', 'validate']) {
    const { stdout, status } = await policy('help', name);
    assert.equal(status, 0);
    assert.match(stdout, /\nExit codes/);
  }
});
