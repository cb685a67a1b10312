/** An agent in memory that answers over a real socket, and the command line that asks it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, serveApi } from '@waggle/agent';
import { PolicyBook } from '@waggle/agent/policies';
import { type PolicyRepository, parseLabel } from '@waggle/policy';
import { MemoryAgent } from '../../../agent/src/api/testing/memory-agent.ts';
import type { PolicyControl } from '../../../agent/src/control.ts';
import { type Outcome, waggle } from './capture.ts';

/** An agent in memory whose policies are kept by document, as those of the daemon. */
function bookAgent(): MemoryAgent {
  const agent = new MemoryAgent();
  return Object.assign(agent, { policy: bookControl(agent.policy, agent.repository) });
}

function bookControl({ trace, selectors }: PolicyControl, repository: PolicyRepository): PolicyControl {
  const book = new PolicyBook(repository);
  const parsed = (labels: readonly string[]) => labels.map((label) => parseLabel(label));
  const applied = (counts: ReturnType<PolicyBook['apply']>) => ({ revision: repository.revision, ...counts });
  return {
    get revision() {
      return repository.revision;
    },
    list: (labels = []) => ({
      revision: repository.revision,
      rules: book.list(parsed(labels), (rule) => repository.subjectsOf(rule).length),
    }),
    apply: (text, options) => applied(book.apply(text, options)),
    delete: (labels) => applied(book.deleteLabelled(parsed(labels))),
    deleteNamed: (resource) => applied(book.deleteNamed(resource)),
    trace,
    selectors,
  };
}

/** Endpoints of the namespace `default`. */
export const labelsOf = (app: string): string[] => [
  `k8s:app=${app}`,
  'k8s:io.kubernetes.pod.namespace=default',
];

/** See the head of this file. Its directory is a place for files of a test, too. */
export class AgentLab implements AsyncDisposable {
  readonly agent = bookAgent();
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-cli-'));
  readonly socket = join(this.directory, 'agent.sock');
  #server: ApiServer | undefined;

  /** An agent with an endpoint `web` and an endpoint `db`. */
  static async open(): Promise<AgentLab> {
    const lab = new AgentLab();
    await lab.serve();
    for (const name of ['web', 'db']) await lab.agent.endpoints.create({ name, labels: labelsOf(name) });
    return lab;
  }

  async serve(): Promise<void> {
    this.#server = await serveApi({ agent: this.agent, socket: this.socket });
  }

  /** Runs a command against it. */
  run(...args: readonly string[]): Promise<Outcome> {
    return waggle(...args, '--socket', this.socket);
  }

  /** Writes a file, and gives its path. */
  file(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
