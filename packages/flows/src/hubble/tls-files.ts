/**
 * What a server or a client of TLS needs from files: a certificate with its key, and the authorities to trust. They are looked at when
 * they are read, so that a file that is missing, of another kind or out of date is named before anybody connects.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf/messages';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, and the chain that leads to it. */
  readonly cert?: string;
  readonly key?: string;
  /** Authorities whose certificates the other side must have. */
  readonly ca?: string;
}

/** What is in them, as node takes it. */
export interface TlsMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string[];
  /** The names that the certificate is for. */
  readonly names: readonly string[];
}

/**
 * Reads the files.
 * @throws WaggleError MISSING_FIELD for a certificate without its key or a key alone; NOT_FOUND, DENIED, MALFORMED for what cannot be
 *   read; INVALID for what is not valid now, and a key of another certificate.
 */
export function readTls(files: TlsFiles, now = Date.now()): TlsMaterial {
  const { cert, key, ca } = files;
  if ((cert === undefined) !== (key === undefined))
    throw new WaggleError(
      'MISSING_FIELD',
      `TLS needs a certificate and its key, and there is only the ${
        cert === undefined ? `key ${key}` : `certificate ${cert}`
      }`,
    );
  return {
    names: [],
    ...(cert !== undefined && key !== undefined && readPair(cert, key, now)),
    ...(ca !== undefined && { ca: readAuthorities(ca, now) }),
  };
}

function readPair(certFile: string, keyFile: string, now: number) {
  const [cert, key] = [read(certFile), read(keyFile)];
  const [own] = certificates(certFile, cert);
  if (!own) throw malformed(certFile, 'certificate');
  checkTime(own, certFile, now);
  if (!own.checkPrivateKey(privateKey(keyFile, key)))
    throw new WaggleError('INVALID', `The key ${keyFile} is not that of the certificate ${certFile}`, {
      hint: 'Name the key with which the certificate was requested',
    });
  const names = (own.subjectAltName ?? '').split(', ').flatMap((name) => /^DNS:(.+)$/.exec(name)?.[1] ?? []);
  return { cert, key, names };
}

function readAuthorities(file: string, now: number): string[] {
  const found = certificates(file, read(file));
  if (found.length === 0) throw malformed(file, 'certificate');
  for (const certificate of found) checkTime(certificate, file, now);
  return found.map(String);
}

function certificates(file: string, text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw malformed(file, 'certificate', cause);
  }
}

function privateKey(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw malformed(file, 'key without a passphrase', cause);
  }
}

function checkTime({ validFrom, validTo }: X509Certificate, file: string, now: number): void {
  const day = (text: string): string => new Date(text).toISOString().replace('.000Z', 'Z');
  if (now > Date.parse(validTo))
    throw new WaggleError('INVALID', `The certificate ${file} has expired at ${day(validTo)}`, {
      hint: 'Get a new one',
    });
  if (now < Date.parse(validFrom))
    throw new WaggleError('INVALID', `The certificate ${file} is not valid before ${day(validFrom)}`, {
      hint: "Look at this host's clock",
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const denied = code === 'EACCES' || code === 'EPERM';
    const what = denied ? 'may not be read' : code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new WaggleError(denied ? 'DENIED' : 'NOT_FOUND', `The file ${file} ${what}`, { cause });
  }
}

const malformed = (file: string, what: string, cause?: unknown): WaggleError =>
  new WaggleError('MALFORMED', `${file} holds no ${what} in PEM`, {
    hint: `Such a file begins with -----BEGIN ${what === 'certificate' ? 'CERTIFICATE' : 'PRIVATE KEY'}-----`,
    cause,
  });
