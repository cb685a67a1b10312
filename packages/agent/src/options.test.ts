/** Options of the agent: defaults, and what is said of wrong ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubbleOf, parseAgentOptions, socketOf } from './options.ts';

test('everything has a default', () => {
  const options = parseAgentOptions({});
  assert.equal(options['ipv4-pool'], '10.92.0.0/16');
  assert.deepEqual(options.device, []);
  assert.equal(socketOf(options), '/run/waggle/agent.sock');
  assert.equal(socketOf(parseAgentOptions({ 'run-dir': '/tmp/x/' })), '/tmp/x/agent.sock');
});

test('a wrong option is named, with what is right', () => {
  const messages = (
    [
      { 'ipv4-pool': 'fd00::/8' },
      { 'ipv4-pool': 'none', 'ipv6-pool': 'none' },
      { device: ['a device with spaces'] },
      { enforcement: 'sometimes' },
      { 'state-dir': 'relative' },
      { 'max-connections': 1 },
      { nonsense: 1 },
    ] as const
  ).map((input) => {
    try {
      parseAgentOptions(input, 'agent.yaml');
      return 'taken';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  });
  assert.match(messages[0] ?? '', /^agent.yaml: ipv4-pool is neither an IPv4 prefix, as 10\.92/);
  assert.match(messages[1] ?? '', /ipv4-pool must not be none when ipv6-pool is none, too/);
  assert.match(messages[2] ?? '', /device\.0 is no name of a device/);
  assert.match(messages[3] ?? '', /enforcement is none of default, always, never/);
  assert.match(messages[4] ?? '', /state-dir is no absolute path/);
  assert.match(messages[5] ?? '', /max-connections/);
  assert.match(messages[6] ?? '', /there is no option nonsense\. Known: node-name/);
});

test("Hubble's API is served in the run directory, and where else one says", () => {
  const of = (input: object) => hubbleOf(parseAgentOptions(input));
  assert.deepEqual(of({}), { socket: '/run/waggle/hubble.sock' });
  assert.deepEqual(of({ 'run-dir': '/tmp/x', 'socket-group': 7 }), {
    socket: '/tmp/x/hubble.sock',
    group: 7,
  });
  assert.equal(of({ 'hubble-socket': 'none' }), undefined);
  const tls = { 'hubble-tls-cert': '/a.crt', 'hubble-tls-key': '/a.key', 'hubble-tls-client-ca': '/ca.crt' };
  assert.deepEqual(of({ 'hubble-socket': 'none', 'hubble-listen': '[::1]:4244', ...tls }), {
    listen: { host: '::1', port: 4244 },
    tls: { cert: '/a.crt', key: '/a.key', ca: '/ca.crt' },
  });
  assert.deepEqual(of({ 'hubble-listen': ':4244' })?.listen, { host: '::', port: 4244 });
  assert.deepEqual(of({ 'hubble-listen': '10.0.0.1:0' })?.listen, { host: '10.0.0.1', port: 0 });
  for (const listen of ['4244', 'localhost', '::1:4244'])
    assert.throws(() => of({ 'hubble-listen': listen }), /hubble-listen is no address with a port, as/);
  assert.throws(
    () => of({ ...tls, 'hubble-tls-key': undefined }),
    /hubble-tls-cert and hubble-tls-key need each other/,
  );
  assert.throws(() => of(tls), /hubble-tls-cert needs hubble-listen/);
  assert.throws(
    () => of({ 'hubble-tls-client-ca': '/ca.crt' }),
    /hubble-tls-client-ca needs hubble-tls-cert/,
  );
  assert.throws(() => of({ 'hubble-socket': 'here' }), /hubble-socket/);
});
