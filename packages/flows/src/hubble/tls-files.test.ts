import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Certificates, noCertificates } from './testing/certificates.ts';
import { readTls } from './tls-files.ts';

describe('files of TLS', { skip: noCertificates() }, () => {
  let files: Certificates;
  const path = (name: string): string => files.path(name);
  before(() => {
    files = new Certificates();
    files.sign('server', { hosts: ['a.example', '*.b.example'] });
    files.sign('other');
    files.sign('old', { days: -1 });
  });
  after(() => files[Symbol.dispose]());

  test('are read', () => {
    const { cert, key, ca, names } = readTls({
      cert: path('server.crt'),
      key: path('server.key'),
      ca: path('ca.crt'),
    });
    assert.match(cert ?? '', /^-----BEGIN CERTIFICATE-----/);
    assert.match(key ?? '', /^-----BEGIN PRIVATE KEY-----/);
    assert.equal(ca?.length, 1);
    assert.deepEqual(names, ['a.example', '*.b.example']);
    assert.deepEqual(readTls({}), { names: [] });
  });

  test('that are missing, or something else', () => {
    assert.throws(() => readTls({ ca: path('none') }), /The file .*none is not there$/);
    assert.throws(() => readTls({ ca: files.directory }), /cannot be read$/);
    writeFileSync(path('text'), 'hello');
    assert.throws(() => readTls({ ca: path('text') }), /text holds no certificate in PEM\. Such a file/);
    assert.throws(
      () => readTls({ cert: path('server.crt'), key: path('text') }),
      /text holds no key without a passphrase in PEM/,
    );
  });

  test('that do not belong together', () => {
    assert.throws(() => readTls({ cert: path('server.crt') }), /there is only the certificate .*server\.crt/);
    assert.throws(() => readTls({ key: path('server.key') }), /there is only the key .*server\.key/);
    assert.throws(
      () => readTls({ cert: path('server.crt'), key: path('other.key') }),
      /other\.key is not that of the certificate .*server\.crt/,
    );
  });

  test('that are out of date', () => {
    assert.throws(
      () => readTls({ cert: path('old.crt'), key: path('old.key') }),
      /The certificate .*old\.crt has expired at 20\d\d-\d\d-\d\dT[\d:]+Z\. Get a new one$/,
    );
    const pair = { cert: path('server.crt'), key: path('server.key') };
    const day = 86_400_000;
    assert.throws(() => readTls(pair, Date.now() + 3 * day), /has expired at/);
    assert.throws(() => readTls(pair, Date.now() - day), /is not valid before .* Look at this host's clock/);
  });
});
