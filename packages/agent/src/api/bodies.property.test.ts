/** Whatever somebody sends, the agent answers in words and never fails: bodies, queries and paths of every kind, at every path. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { ApiLab } from './testing/lab.ts';

const RUNS = 12;

/** Fields of the body's model with anything in them: these come further than what is anything altogether. */
function nearly(model: z.core.$ZodType | undefined): fc.Arbitrary<unknown> {
  if (model instanceof z.ZodExactOptional || model instanceof z.ZodOptional) return nearly(model.unwrap());
  if (model instanceof z.ZodArray) return fc.array(nearly(model.element), { maxLength: 3 });
  if (model instanceof z.ZodEnum) return fc.constantFrom(...model.options);
  if (model instanceof z.ZodObject) {
    const fields = Object.entries(model.shape).map(([name, field]) => [
      name,
      fc.oneof(nearly(field), fc.jsonValue({ maxDepth: 1 })),
    ]);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  }
  if (model instanceof z.ZodNumber) return fc.oneof(fc.integer({ min: -1, max: 70_000 }), fc.double());
  return fc.oneof(
    fc.string(),
    fc.constantFrom('app=web', '02:00:00:00:00:01', '10.0.0.1', '[]', '{}', 'name:x'),
  );
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '1', '..', '/', '%', 'constructor', '__proto__'),
);

const requestOf = (route: Route) =>
  fc.record({
    parameters: fc.record(
      Object.fromEntries(
        Object.keys(route.parameters.shape).map((name) => [name, text.filter((one) => one !== '')]),
      ),
    ),
    query: fc.oneof(nearly(route.query), fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 })),
    body: fc.oneof(
      nearly(route.body).map((value) => JSON.stringify(value)),
      fc.json({ maxDepth: 3 }),
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    ),
  });

describe('whatever is sent', { timeout: 60_000 }, () => {
  let lab: ApiLab;
  before(async () => {
    lab = await ApiLab.open();
  });
  after(() => lab[Symbol.asyncDispose]());

  for (const route of routes) {
    // A stream that is asked for rightly has no end; some paths take nothing.
    const takes = {
      ...route.parameters.shape,
      ...route.query.shape,
      ...(route.body && { body: route.body }),
    };
    if (route.answerType === 'application/x-ndjson' || Object.keys(takes).length === 0) continue;
    it(`${route.method} ${route.path}`, () =>
      fc.assert(
        fc.asyncProperty(requestOf(route), async ({ parameters, query, body }) => {
          const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
            encodeURIComponent(String(parameters[name])),
          );
          const search = new URLSearchParams();
          for (const [name, value] of Object.entries(query as object)) {
            // Not everything has a text of its own: {"toString":null} has none.
            search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
          }
          const answer = await lab.ask(route.method.toUpperCase(), `${path}?${search}`, body);
          assert.ok(
            answer.status < 500 || [501, 502, 503].includes(answer.status),
            `${answer.status} ${answer.text}`,
          );
          if (answer.status >= 400) assert.match(JSON.parse(answer.text), /\S/);
          assert.deepEqual(lab.failures, []);
        }),
        { numRuns: RUNS },
      ));
  }
});
