/** An API over a real socket in a temporary directory, and ways to ask it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentClient } from '../client.ts';
import { type ApiServer, serveApi } from '../server.ts';
import { askJson, askRaw, type RawAnswer } from './ask.ts';
import { MemoryAgent } from './memory-agent.ts';

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
    const { agent, socket, failures } = lab;
    lab.#server = await serveApi({ agent, socket, onFailure: (error) => failures.push(error) });
    return lab;
  }

  /** Asks as any client may: a body is sent as it is. */
  ask(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer> {
    return askRaw(this.socket, method, path, body, headers);
  }

  /** Asks with JSON, and reads the answer's, which has to be as the API's document says. */
  json(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: unknown }> {
    return askJson(this.socket, method, path, body, headers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
