/** Bodies of requests, up to a limit. */
import type { IncomingMessage } from 'node:http';
import { WaggleError } from '@waggle/bpf';
import { BodyTooBig } from './errors.ts';

/**
 * Reads the body of a request.
 *
 * @returns Its value; undefined where there is no body.
 * @throws {@link WaggleError} {@link BodyTooBig}, CLOSED when the client broke off, MALFORMED for one that is no JSON or no UTF-8.
 */
export async function readBody(
  incoming: IncomingMessage,
  type: 'json' | 'text',
  limit: number,
): Promise<unknown> {
  const text = decoded(await readBytes(incoming, limit));
  if (type === 'text') return text;
  // Blank means none, as from `curl -d ''`.
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new WaggleError('MALFORMED', `The body is no JSON: ${detail}.`, { cause });
  }
}

async function readBytes(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw new BodyTooBig(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // The connection stays: the answer still has to go through it.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > limit) throw new BodyTooBig(limit);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof WaggleError) throw cause;
    throw new WaggleError('CLOSED', 'The client broke off before its request was there.', { cause });
  }
  return Buffer.concat(chunks);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WaggleError('MALFORMED', 'The body is no text in UTF-8.', { cause });
  }
}
