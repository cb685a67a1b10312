/** Certificates for tests, made by openssl: an authority, and what it has signed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory with an authority (`ca.crt`) and certificates of it. */
export class Certificates implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-tls-'));

  constructor(authority = 'ca') {
    this.#openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      `${authority}.key`,
      '-out',
      `${authority}.crt`,
      '-days',
      '2',
      '-subj',
      '/CN=authority',
    );
  }

  /** Makes `NAME.key` and `NAME.crt`. @param days - It is valid for; fewer than 0: it has expired. */
  sign(
    name: string,
    { days = 1, hosts = ['localhost'] }: { days?: number; hosts?: readonly string[] } = {},
  ): void {
    const names = hosts.map((host) => `DNS:${host}`).join(',');
    this.#openssl(
      'req',
      '-new',
      ...KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    writeFileSync(this.path(`${name}.ext`), `subjectAltName=${names},IP:127.0.0.1\n`);
    this.#openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-extfile',
      `${name}.ext`,
      '-days',
      String(days),
    );
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' });
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

/** Why there can be none here. */
export function noCertificates(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}
