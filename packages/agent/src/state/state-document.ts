/**
 * One document of the state: what its owner declares about it, how it is read from its file, and how it is saved.
 *
 * On disk it is `{ "version": 3, "content": … }`. The content is checked when it is read and before it is written: a file that
 * can be read never gives way to one that cannot.
 */
import { readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { DocumentWriter } from './document-writer.ts';
import { StateCorruptError, versionError } from './state-error.ts';

/** A kind of document, as its owner declares it. The content is JSON: what is read equals what was saved. */
export interface DocumentKind<Content> {
  /** `endpoints`: of its file, and for `--discard-state`. */
  readonly name: string;
  /** Of the content's form, from 1. */
  readonly version: number;
  readonly schema: z.ZodType<Content>;
  /** By version, what makes content of that version into content of the next one. */
  readonly migrations?: Readonly<Record<number, (content: unknown) => unknown>>;
}

const Envelope = z.strictObject({ version: z.int().min(1), content: z.unknown() });

/** A document that is open. */
export class StateDocument<Content> {
  /** As it was when the store was opened; undefined when there was none. */
  readonly found: Content | undefined;
  readonly #kind: DocumentKind<Content>;
  readonly #writer: DocumentWriter;
  readonly #writeNow: (text: string) => void;

  constructor(
    kind: DocumentKind<Content>,
    found: Content | undefined,
    writer: DocumentWriter,
    writeNow: (text: string) => void,
  ) {
    this.#kind = kind;
    this.found = found;
    this.#writer = writer;
    this.#writeNow = writeNow;
  }

  /** Saves soon what `content` answers then: call it after each change. */
  save(content: () => Content): void {
    this.#writer.schedule(() => encodeDocument(this.#kind, content()));
  }

  /**
   * Saves before it returns: for what must not be done unless it is remembered.
   * @throws WaggleError when it cannot be written; it is not tried again then.
   */
  saveNow(content: Content): void {
    const text = encodeDocument(this.#kind, content);
    this.#writeNow(text);
    // A write of older content may be on its way, and must not be the last one.
    if (this.#writer.busy) this.#writer.schedule(() => text);
  }

  /**
   * Answers when everything that was saved is on disk.
   * @throws WaggleError when it cannot be written; it is tried again.
   */
  flush(): Promise<void> {
    return this.#writer.flush();
  }
}

/**
 * Reads a document; undefined when there is no such file.
 * @throws StateCorruptError; WaggleError NOT_SUPPORTED for another version; and what reading a file can throw.
 */
export function readDocument<Content>(kind: DocumentKind<Content>, file: string): Content | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const corrupt = (place: string, cause?: unknown) => new StateCorruptError(kind.name, file, place, cause);
  const envelope = Envelope.safeParse(parseJson(text, corrupt));
  if (!envelope.success) throw corrupt(firstIssue(envelope.error, 'the file'));
  const { version } = envelope.data;
  if (version > kind.version) throw versionError(kind.name, file, version, kind.version);
  let { content } = envelope.data;
  for (let from = version; from < kind.version; from++) {
    const migrate = kind.migrations?.[from];
    if (migrate === undefined) throw versionError(kind.name, file, version, kind.version);
    try {
      content = migrate(content);
    } catch (error) {
      throw corrupt(`its content of version ${from} cannot be read as such: ${messageOf(error)}`, error);
    }
  }
  const checked = kind.schema.safeParse(content);
  if (!checked.success) throw corrupt(firstIssue(checked.error, 'content'));
  return checked.data;
}

function encodeDocument<Content>(kind: DocumentKind<Content>, content: Content): string {
  const checked = kind.schema.safeParse(content);
  if (!checked.success) {
    throw new WaggleError(
      'INVALID',
      `the agent could not read this state again: ${firstIssue(checked.error, 'content')}`,
    );
  }
  return `${JSON.stringify({ version: kind.version, content }, undefined, 1)}\n`;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string, corrupt: (place: string, cause: unknown) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw corrupt(text.trim() === '' ? 'it is empty' : messageOf(error), error);
  }
}

function firstIssue(error: z.ZodError, root: string): string {
  const [issue] = error.issues;
  if (issue === undefined) return root;
  const steps = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return `${root}${steps.join('')}: ${issue.message}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
