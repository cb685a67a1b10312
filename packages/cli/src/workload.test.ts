import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waggle } from './testing/capture.ts';
import { asksNobody, hostsText, resolverText } from './workload-files.ts';
import { endpointRequest } from './workload-options.ts';
import { codeOfSignal, isInForeground } from './workload-signals.ts';

describe('the resolv.conf of a workload', () => {
  const stub = 'nameserver 127.0.0.53\noptions edns0\nsearch example.org\n';

  test('is that of the host, without servers on the loopback device', () => {
    const resolver =
      '# by hand\nnameserver 127.0.0.1\nnameserver 198.51.100.1\nnameserver ::1\nsearch example.org\n';
    assert.equal(resolverText({ resolver }, []), '# by hand\nsearch example.org\nnameserver 198.51.100.1\n');
  });

  test('asks those that systemd-resolved asks', () => {
    const upstream = '# by systemd\nnameserver 198.51.100.7\nnameserver fd00::7\n';
    assert.equal(
      resolverText({ resolver: stub, upstream }, []),
      'options edns0\nsearch example.org\nnameserver 198.51.100.7\nnameserver fd00::7\n',
    );
    assert.ok(asksNobody(resolverText({ resolver: stub }, [])));
  });

  test('asks those that it is told', () => {
    const text = resolverText({ resolver: stub, upstream: 'nameserver 198.51.100.7\n' }, ['fd00::9']);
    assert.equal(text, 'options edns0\nsearch example.org\nnameserver fd00::9\n');
    assert.ok(!asksNobody(text));
  });
});

test('the hosts file of a workload has its name, where that is one of a host', () => {
  const hosts = '127.0.0.1 localhost';
  assert.equal(
    hostsText(hosts, 'web-1', ['10.0.0.1', 'fd00::1']),
    '127.0.0.1 localhost\n10.0.0.1 web-1\nfd00::1 web-1\n',
  );
  assert.equal(hostsText(hosts, 'my web', ['10.0.0.1']), '127.0.0.1 localhost\n');
});

describe('the options of a workload', () => {
  test('become a request', () => {
    assert.deepEqual(
      endpointRequest({
        name: 'web',
        labels: ['app=web,role=front', 'k8s:x=y'],
        ip: ['fd00::7', '10.0.0.7'],
        port: ['http=8080', 'dns=53/UDP'],
        publish: ['8080:80', '198.51.100.1:53:5353/udp', '[2001:db8::1]:443:8443/tcp'],
      }),
      {
        name: 'web',
        labels: ['app=web', 'role=front', 'k8s:x=y'],
        addressing: { ipv4: '10.0.0.7', ipv6: 'fd00::7' },
        'named-ports': [
          { name: 'http', port: 8080, protocol: 'TCP' },
          { name: 'dns', port: 53, protocol: 'UDP' },
        ],
        'published-ports': [
          { 'host-port': 8080, port: 80, protocol: 'TCP' },
          { address: '198.51.100.1', 'host-port': 53, port: 5353, protocol: 'UDP' },
          { address: '2001:db8::1', 'host-port': 443, port: 8443, protocol: 'TCP' },
        ],
      },
    );
    assert.deepEqual(endpointRequest({}), { labels: [] });
  });

  for (const [args, message] of [
    [['--ip', 'web'], /--ip web: this is no IP address/],
    [
      ['--ip', '10.0.0.1', '--ip', '10.0.0.2'],
      /--ip 10\.0\.0\.2: an endpoint has one address of each family/,
    ],
    [['-p', '8080'], /--port 8080: this names no port\. Write NAME=NUMBER\/PROTOCOL/],
    [['-p', 'http=70000'], /this names no port/],
    [['--publish', '8080'], /--publish 8080: this says no ports\. Write \[ADDRESS:\]HOSTPORT:PORT/],
    [['--publish', '0:80'], /this says no ports/],
    [['--publish', '8080:80/sctp'], /this says no ports/],
    [['--publish', 'web:8080:80'], /web is no IP address/],
    [['--dns', 'dns.example'], /--dns dns\.example: this is no IP address/],
  ] as const) {
    test(`that cannot be are refused: ${args.join(' ')}`, async () => {
      const { stderr, status } = await waggle('run', '--socket', '/nowhere', ...args, '--', 'true');
      assert.match(stderr, message);
      assert.equal(status, 1);
    });
  }

  test('name one namespace to attach', async () => {
    for (const places of [[], ['--pid', '1', '--netns', 'lab']]) {
      const { stderr } = await waggle('endpoint', 'attach', '--socket', '/nowhere', ...places);
      assert.match(stderr, /attach needs one network namespace\. Name it by one of --pid/);
    }
    assert.match((await waggle('endpoint', 'attach', '--pid', 'web')).stderr, /whole number from 1/);
    assert.match(
      (await waggle('endpoint', 'detach', 'web', '--socket', '/nowhere')).stderr,
      /No agent is running/,
    );
  });
});

test('signals of a terminal are known from its foreground', () => {
  const stat = (group: number, terminal: number, foreground: number) =>
    `7 (a) b) S 1 ${group} 7 ${terminal} ${foreground} 4194304 0 0`;
  assert.ok(isInForeground(stat(7, 34816, 7)));
  assert.ok(!isInForeground(stat(7, 34816, 9)));
  assert.ok(!isInForeground(stat(7, 0, -1)));
  assert.equal(codeOfSignal('SIGTERM'), 143);
});
