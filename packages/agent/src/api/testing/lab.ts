/** An API over a real socket in a temporary directory, and ways to ask it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentClient } from '../client.ts';
import { routes } from '../routes.ts';
import { type ApiServer, serveApi } from '../server.ts';
import { MemoryAgent } from './memory-agent.ts';

/** An answer has to be what the API's document says of its path: all of that, and nothing else. */
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
const UNDECLARED = [400, 413];

function matches(template: string, path: string): boolean {
  const [plain = ''] = path.split('?');
  const pattern = template.replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(plain);
}

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class ApiLab implements AsyncDisposable {
  readonly agent = new MemoryAgent();
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-api-'));
  readonly socket = join(this.directory, 'run', 'agent.sock');
  readonly client = new AgentClient({ socket: this.socket });
  /** What the server said of mistakes of its own. */
  readonly failures: unknown[] = [];
  #server: ApiServer | undefined;

  static async open(): Promise<ApiLab> {
    const lab = new ApiLab();
    await lab.serve();
    return lab;
  }

  async serve(): Promise<void> {
    const { agent, socket } = this;
    this.#server = await serveApi({ agent, socket, onFailure: (error) => this.failures.push(error) });
  }

  /** Asks as any client may: a body is sent as it is. */
  ask(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const sent = request(
        { socketPath: this.socket, method, path, agent: false, headers: { ...length, ...headers } },
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
  async json(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: unknown }> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.ask(method, path, text, { 'content-type': 'application/json', ...headers });
    const value: unknown = answer.text === '' ? undefined : JSON.parse(answer.text);
    assertDeclared(method, path, answer.status, value);
    return { status: answer.status, body: value };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
