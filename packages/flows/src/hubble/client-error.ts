/** What goes wrong between a client and its server, in a sentence that says what would be right. */
import { Code, ConnectError } from '@connectrpc/connect';
import { type ErrorCode, WaggleError } from '@waggle/bpf/messages';

type Sentence = readonly [code: ErrorCode, says: (server: string) => string, hint: string];

const NAME_SERVER = 'Name the server by --server, as unix:/run/waggle/hubble.sock or localhost:4244';

/** By the code of node's error, of connections and of TLS. */
const CONNECTION: Readonly<Record<string, Sentence>> = {
  ENOENT: ['NOT_FOUND', (server) => `There is no server at ${server}`, 'Start the agent: waggle agent'],
  ECONNREFUSED: ['NOT_FOUND', (server) => `Nobody answers at ${server}`, NAME_SERVER],
  ENOTFOUND: ['NOT_FOUND', (server) => `There is no host of the name in ${server}`, NAME_SERVER],
  EAI_AGAIN: ['NOT_FOUND', (server) => `The name in ${server} cannot be looked up now`, NAME_SERVER],
  EHOSTUNREACH: ['NOT_FOUND', (server) => `There is no way to ${server}`, NAME_SERVER],
  ENETUNREACH: ['NOT_FOUND', (server) => `There is no way to ${server}`, NAME_SERVER],
  ETIMEDOUT: ['NOT_FOUND', (server) => `${server} does not answer`, NAME_SERVER],
  EACCES: [
    'DENIED',
    (server) => `This user may not use ${server}`,
    'Join the group of the socket, or ask as root',
  ],
  CERT_HAS_EXPIRED: [
    'INVALID',
    (server) => `The certificate of ${server} has expired`,
    'Give the server a new one, or take it as it is with --tls-allow-insecure',
  ],
  CERT_NOT_YET_VALID: [
    'INVALID',
    (server) => `The certificate of ${server} is not valid yet`,
    "Look at this host's clock",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'INVALID',
    (server) => `The certificate of ${server} is for another name`,
    'Say for which with --tls-server-name',
  ],
};

/** Codes of certificates that nobody vouches for. */
const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

const CALLS: Partial<Record<Code, ErrorCode>> = {
  [Code.InvalidArgument]: 'MALFORMED',
  [Code.Unimplemented]: 'NOT_SUPPORTED',
  [Code.NotFound]: 'NOT_FOUND',
  [Code.PermissionDenied]: 'DENIED',
  [Code.Unauthenticated]: 'DENIED',
  [Code.ResourceExhausted]: 'FULL',
};

/** What to tell of an error. @param server - As the user wrote it. */
export function clientError(error: unknown, server: string): unknown {
  if (error instanceof WaggleError) return error;
  const code = nodeCode(error);
  const [wordFor, says, hint] = (code !== undefined && sentenceOf(code)) || [];
  if (wordFor && says) return new WaggleError(wordFor, says(server), { cause: error, ...(hint && { hint }) });
  if (!(error instanceof ConnectError)) return broken(error, server, code);
  const known = CALLS[error.code];
  if (error.code === Code.DeadlineExceeded)
    return new WaggleError('BUSY', `${server} did not answer in time`, {
      hint: 'Wait longer by --timeout',
      cause: error,
    });
  // What the server says is a sentence already, and when it is one of waggle's, with a hint.
  if (known) return new WaggleError(known, error.rawMessage, { cause: error });
  return broken(error, server, code);
}

function sentenceOf(code: string): Sentence | undefined {
  if (UNTRUSTED.includes(code))
    return [
      'DENIED',
      (server) => `The certificate of ${server} is of an authority that is not known here`,
      'Name the authority with --tls-ca-cert-files, or take any certificate with --tls-allow-insecure',
    ];
  if (/^ERR_SSL_.*(CERTIFICATE|ALERT)/.test(code))
    return [
      'DENIED',
      (server) => `${server} does not accept the certificate of this client`,
      'Give one with --tls-client-cert-file and --tls-client-key-file',
    ];
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return ['INVALID', (server) => `${server} does not speak TLS`, 'Leave out --tls'];
  return CONNECTION[code];
}

const broken = (error: unknown, server: string, code: string | undefined): WaggleError =>
  new WaggleError('CLOSED', `The connection to ${server} broke (${code ?? messageOf(error)})`, {
    hint: 'Look whether the server speaks TLS (--tls), asks for a certificate, and still runs',
    cause: error,
  });

const messageOf = (error: unknown): string =>
  error instanceof ConnectError ? error.rawMessage : error instanceof Error ? error.message : String(error);

/** The code of node's error that is behind this one. */
function nodeCode(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('errors' in each && Array.isArray(each.errors)) return nodeCode(each.errors[0]);
    if ('code' in each && typeof each.code === 'string') return each.code;
  }
  return undefined;
}
