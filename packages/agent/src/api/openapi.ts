/** The API's document (OpenAPI 3.1), made of the paths and the models that the server checks requests with. */
import * as z from 'zod';
import { ErrorMessage } from './models/common.ts';
import { models } from './models/registry.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Makes the document. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'waggle agent',
      version: '1',
      description:
        "The agent's API on a unix socket. Paths without `x-waggle-extension` have the shapes of the field's v1 API. Errors are JSON strings.",
    },
    paths,
    components: { schemas: componentSchemas() },
  };
}

function operation(route: Route): Json {
  const parameters = [
    ...parametersOf('path', route.parameters),
    ...parametersOf('query', route.query),
    ...parametersOf('header', route.headers),
  ];
  return {
    summary: route.summary,
    ...(route.extension && { 'x-waggle-extension': true }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route.body, route) }),
    responses: { ...answers(route) },
  };
}

function parametersOf(place: 'path' | 'query' | 'header', model: z.ZodObject): Json[] {
  return Object.entries(model.shape).map(([name, parameter]) => {
    const { description, ...schema } = schemaOf(parameter);
    return {
      name,
      in: place,
      required: place === 'path' || !isOptional(parameter),
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

function requestBody(body: z.ZodType, { bodyType }: Route): Json {
  const types = bodyType === 'text' ? ['application/yaml', 'application/json'] : ['application/json'];
  const schema = bodyType === 'text' ? {} : schemaOf(body);
  return {
    required: !isOptional(body),
    content: Object.fromEntries(types.map((type) => [type, { schema }])),
  };
}

function answers({ answer, status, answerType, failures }: Route): Json {
  const error = { 'application/json': { schema: schemaOf(ErrorMessage) } };
  const other = Object.entries(failures).map(([failure, description]) => [
    failure,
    { description, content: Number(failure) < 300 ? { 'application/json': { schema: {} } } : error },
  ]);
  const schema = answer && schemaOf(answer);
  const success = {
    description: 'Done',
    ...(schema && { content: { [answerType.split(';')[0] ?? answerType]: { schema } } }),
  };
  return {
    [status]: success,
    ...Object.fromEntries(other),
    default: { description: 'It failed', content: error },
  };
}

const isOptional = (model: z.core.$ZodType): boolean => model._zod.optin === 'optional';

/** The JSON Schema of a model; models that have names are referred to. */
function schemaOf(model: z.core.$ZodType): Json {
  const named = models.get(model);
  if (named) return { $ref: `#/components/schemas/${named.id}` };
  // Within an array or an optional one: the name is found one step further in.
  if (model instanceof z.ZodArray) return { type: 'array', items: schemaOf(model.element) };
  if (model instanceof z.ZodOptional || model instanceof z.ZodExactOptional) {
    const inner = schemaOf(model.unwrap());
    const description = z.globalRegistry.get(model)?.description;
    return { ...inner, ...(description !== undefined && { description }) };
  }
  const { $schema: _, ...schema } = z.toJSONSchema(model, { io: 'input' });
  return schema;
}

function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(models, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const named = models.get(zodSchema);
      if (named) jsonSchema.description = named.description;
    },
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, { $schema: _, $id: __, id: ___, ...schema }]) => [name, schema]),
  );
}
