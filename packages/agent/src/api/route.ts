/**
 * A path of the API: declared once, with its models and what it does. The server checks requests by it, the API's document is made
 * from it.
 */
import type { ErrorCode } from '@waggle/bpf';
import * as z from 'zod';
import type { AgentControl } from '../control.ts';
import { checked } from './validation.ts';

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

/** Bytes of a body, where a path does not allow more. */
const BODY_LIMIT = 1 << 20;

/** What a handler gets. */
interface Checked<Parameters, Query, Headers, Body> {
  readonly parameters: Parameters;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
}

/** What is written of a path. What is absent it does not have. */
interface Declaration<
  Parameters extends z.ZodRawShape,
  Query extends z.ZodRawShape,
  Headers extends z.ZodRawShape,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  readonly method: Method;
  /** With parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** Whether the field has it, too. */
  readonly extension?: boolean;
  readonly parameters?: Parameters;
  readonly query?: Query;
  readonly headers?: Headers;
  readonly body?: Body;
  /** `text`: the body is taken as it is. Default: JSON. */
  readonly bodyType?: 'json' | 'text';
  readonly bodyLimit?: number;
  readonly answer?: Answer;
  /** Default: 200. */
  readonly status?: 200 | 201;
  /** Default: JSON. Other answers are a text, or a stream of bytes. */
  readonly answerType?: string;
  /** What else may be answered, by status. */
  readonly failures?: Readonly<Record<number, string>>;
  /** Where the field has another status for an error than usual. */
  readonly statusOf?: Partial<Record<ErrorCode, number>>;
  handle(
    agent: AgentControl,
    request: Checked<
      z.output<z.ZodObject<Parameters>>,
      z.output<z.ZodObject<Query>>,
      z.output<z.ZodObject<Headers>>,
      z.output<Body>
    >,
  ): Handled<z.input<Answer>> | Promise<Handled<z.input<Answer>>>;
}

type Handled<Answer> = Answer | OtherAnswer | ReadableStream<Uint8Array>;

/** An answer with another status than the path's usual one. */
export class OtherAnswer {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/** A request as it came. */
export interface RawRequest {
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Undefined where there is none. */
  readonly body: unknown;
}

/** See the head of this file. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly extension: boolean;
  readonly parameters: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly bodyType: 'json' | 'text';
  readonly bodyLimit: number;
  readonly answer: z.ZodType | undefined;
  readonly status: number;
  readonly answerType: string;
  readonly failures: Readonly<Record<number, string>>;
  readonly statusOf: Partial<Record<ErrorCode, number>>;
  /** Checks the request and does what it asks. @throws WaggleError MALFORMED for a request that is not of the models. */
  run(agent: AgentControl, request: RawRequest): unknown;
}

/** Declares a path. */
export function route<
  Parameters extends z.ZodRawShape = Record<never, never>,
  Query extends z.ZodRawShape = Record<never, never>,
  Headers extends z.ZodRawShape = Record<never, never>,
  Body extends z.ZodType = z.ZodUndefined,
  Answer extends z.ZodType = z.ZodVoid,
>(declaration: Declaration<Parameters, Query, Headers, Body, Answer>): Route {
  const parameters = z.strictObject(declaration.parameters ?? ({} as Parameters));
  const query = z.strictObject(declaration.query ?? ({} as Query));
  const headers = z.object(declaration.headers ?? ({} as Headers));
  const { body, answer } = declaration;
  return {
    method: declaration.method,
    path: declaration.path,
    summary: declaration.summary,
    extension: declaration.extension ?? false,
    parameters,
    query,
    headers,
    body,
    bodyType: declaration.bodyType ?? 'json',
    bodyLimit: declaration.bodyLimit ?? BODY_LIMIT,
    answer,
    status: declaration.status ?? 200,
    answerType: declaration.answerType ?? 'application/json',
    failures: declaration.failures ?? {},
    statusOf: declaration.statusOf ?? {},
    run: (agent, request) =>
      declaration.handle(agent, {
        parameters: checked(parameters, request.parameters, 'the path'),
        query: checked(query, request.query, 'the query'),
        headers: checked(headers, request.headers, 'the headers'),
        body: checked(body ?? z.undefined(), request.body, 'the body') as z.output<Body>,
      }),
  };
}
