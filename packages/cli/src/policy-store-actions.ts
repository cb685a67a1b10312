/** What those commands of `waggle policy` do that change what the agent enforces, or show it. */
import type { AgentClient, DocumentName, PolicyApplied, PolicyDocuments } from '@waggle/agent/client';
import { WaggleError } from '@waggle/bpf/messages';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import { type Context, ExitCode } from './context.ts';
import { isMeant } from './label-change.ts';
import { styleFor } from './output.ts';
import { appliedText, documentText, listingText, selectorsText, yamlDocuments } from './policy-store-text.ts';
import { readPolicyTexts } from './policy-texts.ts';
import { awaitRevision, laggingText } from './policy-wait.ts';
import { print } from './print.ts';

const USUAL_WAIT = 60_000;

export interface ApplyOptions extends ClientOptions {
  readonly dryRun?: boolean;
  readonly replace?: boolean;
  readonly namespace: string;
  /** Milliseconds; true: the usual time. */
  readonly wait?: number | true;
}

export interface GetOptions extends ClientOptions {
  readonly kind?: string;
}

export interface DeleteOptions extends ClientOptions {
  readonly all?: boolean;
  readonly kind?: string;
}

export interface WaitOptions extends ClientOptions {
  readonly timeout: number;
}

export async function apply(
  paths: readonly string[],
  options: ApplyOptions,
  context: Context,
): Promise<void> {
  const { dryRun = false, replace = false, namespace, wait: patience } = options;
  const texts = await readPolicyTexts(paths, { replace });
  if (dryRun) {
    const { previewPolicies } = await import('./policy-preview.ts');
    return previewPolicies(texts, options, context);
  }
  const agent = agentOf(options);
  const applied: PolicyApplied[] = [];
  for (const { file, text } of texts) {
    const how = { file, namespace, ...(replace && { replace }) };
    applied.push(await ask(context, agent.applyPolicies(text, how)));
  }
  const all = sumOf(applied);
  print(options, context, all, () => appliedText(all));
  if (patience !== undefined)
    await expectRevision(agent, all.revision, patience === true ? USUAL_WAIT : patience, context);
}

function sumOf(applied: readonly PolicyApplied[]): PolicyApplied {
  const sum = (count: (one: PolicyApplied) => number): number =>
    applied.reduce((total, one) => total + count(one), 0);
  return {
    revision: Math.max(0, ...applied.map(({ revision }) => revision)),
    added: sum(({ added }) => added),
    replaced: sum(({ replaced }) => replaced),
    unchanged: sum(({ unchanged }) => unchanged),
    deleted: sum(({ deleted }) => deleted),
  };
}

export async function get(names: readonly string[], options: GetOptions, context: Context): Promise<void> {
  const agent = agentOf(options);
  const { name, labels } = wantedBy(names, options.kind);
  const filter = name ?? (options.kind === undefined ? {} : { kind: options.kind });
  const { revision, documents: all } = await ask(context, agent.policyDocuments(filter));
  const documents = all.filter((document) =>
    labels.every((wanted) => document.labels.some((label) => isMeant(label, wanted))),
  );
  const found: PolicyDocuments = { revision, documents };
  if (documents.length === 0 && names.length > 0) {
    throw new WaggleError('NOT_FOUND', `The agent has no policy ${names.join(' and ')}`, {
      hint: 'waggle policy get lists all',
    });
  }
  const style = styleFor(context.stdout);
  if (options.output === 'yaml') {
    context.stdout.write(yamlDocuments(found));
    return;
  }
  print(options, context, found, () =>
    name !== undefined && documents.length === 1
      ? documentText(found, style)
      : listingText(found, style.width),
  );
}

export async function remove(
  names: readonly string[],
  options: DeleteOptions,
  context: Context,
): Promise<void> {
  if ((names.length === 0) !== (options.all ?? false)) {
    context.errorCode = ExitCode.usage;
    throw new WaggleError('MALFORMED', 'Which policies are to be deleted is not clear', {
      hint: 'Name one, or labels, or say --all',
    });
  }
  const agent = agentOf(options);
  const { name, labels } = wantedBy(names, options.kind);
  if (name !== undefined) {
    const applied = await ask(context, agent.deletePolicyDocument(name));
    print(options, context, applied, () => appliedText(applied));
    return;
  }
  const before = await ask(context, agent.policyDocuments());
  const { revision } = await ask(context, agent.deletePolicy(labels));
  const after = await ask(context, agent.policyDocuments());
  const deleted = Math.max(0, before.documents.length - after.documents.length);
  const applied = { revision, added: 0, replaced: 0, unchanged: after.documents.length, deleted };
  print(options, context, applied, () => appliedText(applied));
}

/** One name, `NAMESPACE/NAME` or NAME, or labels. */
function wantedBy(
  texts: readonly string[],
  kind: string | undefined,
): { readonly name?: DocumentName; readonly labels: readonly string[] } {
  const isLabel = (text: string): boolean => /[=:]/.test(text);
  const [first, ...others] = texts;
  if (first === undefined || texts.every(isLabel)) return { labels: texts };
  if (others.length > 0) {
    throw new WaggleError('MALFORMED', 'Give one name, or only labels', {
      hint: 'A label is written KEY=VALUE or SOURCE:KEY',
    });
  }
  const [name = '', namespace] = first.split('/').toReversed();
  return {
    name: { name, ...(namespace !== undefined && { namespace }), ...(kind !== undefined && { kind }) },
    labels: [],
  };
}

export async function wait(text: string | undefined, options: WaitOptions, context: Context): Promise<void> {
  const agent = agentOf(options);
  const revision = text === undefined ? (await ask(context, agent.policy())).revision : Number(text);
  if (!Number.isSafeInteger(revision)) {
    context.errorCode = ExitCode.usage;
    throw new WaggleError('MALFORMED', `${JSON.stringify(text)} is no revision`, {
      hint: 'Revisions are numbers; waggle policy get shows the present one',
    });
  }
  const { revision: present } = await ask(context, agent.policy());
  if (revision > present) {
    throw new WaggleError('NOT_FOUND', `There is no revision ${revision} yet`, {
      hint: `The present one is ${present}`,
    });
  }
  await expectRevision(agent, revision, options.timeout, context);
  if (context.exitCode === ExitCode.ok)
    print(options, context, { revision }, () => `revision ${revision} is in force at every endpoint\n`);
}

/** Waits, and says on the error stream where it has not come in time. */
async function expectRevision(
  agent: AgentClient,
  revision: number,
  patience: number,
  context: Context,
): Promise<void> {
  const lagging = await awaitRevision(agent, revision, patience, context);
  if (lagging.length === 0) return;
  context.exitCode = ExitCode.failure;
  context.stderr.write(laggingText(lagging, revision, patience));
}

export async function selectors(options: ClientOptions, context: Context): Promise<void> {
  const found = await ask(context, agentOf(options).policySelectors());
  print(options, context, found, () => selectorsText(found, styleFor(context.stdout).width));
}
