/** The API's document: that it is one, says all there is, and that the reference made of it is up to date. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { models } from './models/registry.ts';
import { openApiDocument } from './openapi.ts';
import { referenceText } from './reference-text.ts';
import { routes } from './routes.ts';

const REFERENCE = new URL('../../../../docs/reference-api.md', import.meta.url);

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

const document = openApiDocument(routes) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the API document', () => {
  it('has every path once, and all of them', () => {
    assert.equal(document.openapi, '3.1.0');
    assert.equal(operations.length, routes.length);
  });

  it('refers to models that there are, and has none that nobody uses', () => {
    const text = JSON.stringify(document);
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), Object.keys(document.components.schemas).sort());
    assert.doesNotMatch(text, /"\$(id|schema|defs)"/);
  });

  it('describes every model and every parameter of a path', () => {
    for (const [name, schema] of Object.entries(document.components.schemas))
      assert.equal(typeof (schema as { description?: unknown }).description, 'string', name);
    for (const { path, method, operation } of operations) {
      const inPath = operation.parameters?.filter((one) => one.in === 'path') ?? [];
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(
        inPath.map(({ name }) => name),
        wanted,
        `${method} ${path}`,
      );
      assert.ok(inPath.every(({ required }) => required));
      assert.match(operation.summary, /^[A-Z].*[^.]$/);
      assert.ok(operation.responses.default);
    }
  });

  it('says what may be left out', () => {
    const ipam = document.paths['/v1/ipam']?.post;
    assert.deepEqual(
      ipam?.parameters?.map(({ name, in: place, required }) => [name, place, required]),
      [
        ['family', 'query', false],
        ['owner', 'query', false],
        ['expiration', 'header', false],
      ],
    );
    assert.equal(document.paths['/v1/endpoint']?.get?.requestBody?.required, false);
    assert.equal(document.paths['/v1/endpoint/{id}']?.put?.requestBody?.required, true);
  });

  it('names each model once', () => {
    for (const name of Object.keys(document.components.schemas)) assert.match(name, /^[A-Z][A-Za-z]+$/);
    assert.ok(models);
  });

  it('is what the reference was made of', () => {
    const text = referenceText(routes);
    if (process.env.WAGGLE_GOLDEN === 'update') writeFileSync(REFERENCE, text);
    assert.equal(readFileSync(REFERENCE, 'utf8'), text, 'run npm run reference');
  });
});
