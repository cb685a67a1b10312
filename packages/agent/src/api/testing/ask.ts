/** Ways to ask an API over its socket, as any client may; what is answered has to be what the API's document says. */
import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import * as z from 'zod';
import { routes } from '../routes.ts';

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks with a body that is sent as it is. */
export function askRaw(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(
      { socketPath, method, path, agent: false, headers: { ...length, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Asks with JSON, and reads the answer's. */
export async function askJson(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: unknown }> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const { status, text } = await askRaw(socketPath, method, path, sent, {
    'content-type': 'application/json',
    ...headers,
  });
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  assertDeclared(method, path, status, value);
  return { status, body: value };
}

/** All of what is declared, and nothing else. */
function assertDeclared(method: string, path: string, status: number, value: unknown): void {
  const route = routes.find((one) => one.method === method.toLowerCase() && matches(one.path, path));
  if (!route) return;
  if (status === route.status) {
    assert.deepEqual((route.answer ?? z.undefined()).parse(value), value);
    return;
  }
  if (status !== 206) assert.equal(typeof value, 'string', 'errors are JSON strings');
  assert.ok(
    status in route.failures || UNDECLARED.includes(status),
    `${method} ${path}: ${status} undeclared`,
  );
}

/** What every path may answer. */
const UNDECLARED = [400, 413, 503];

function matches(template: string, path: string): boolean {
  const [plain = ''] = path.split('?');
  const pattern = template.replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(plain);
}
