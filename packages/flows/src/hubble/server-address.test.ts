import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseServer } from './server-address.ts';

describe('the address of a server', () => {
  const rows: readonly [text: string, tls: boolean, url: string, path?: string][] = [
    ['unix:/run/waggle/hubble.sock', false, 'http://localhost', '/run/waggle/hubble.sock'],
    ['unix:///run/waggle/hubble.sock', true, 'http://localhost', '/run/waggle/hubble.sock'],
    ['localhost:4244', false, 'http://localhost:4244'],
    ['localhost:4244', true, 'https://localhost:4244'],
    ['tls://node.example:4244', false, 'https://node.example:4244'],
    ['[::1]:4244', false, 'http://[::1]:4244'],
    ['tcp://10.0.0.1:4244', false, 'http://10.0.0.1:4244'],
  ];
  for (const [text, tls, url, path] of rows)
    test(`${text}${tls ? ' with TLS' : ''}`, () =>
      assert.deepEqual(parseServer(text, tls), { text, url, ...(path !== undefined && { path }) }));

  for (const text of [
    '',
    'localhost',
    'localhost:99999',
    '::1:4244',
    'http://localhost:4244',
    'unix:hubble.sock',
    'a/b:1',
  ])
    test(`is not ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseServer(text, false), /is no address of a server\. As unix:/));
});
