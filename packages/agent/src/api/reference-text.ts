/** The reference of the API, docs/reference-api.md: every path with what it takes and answers, made of the very declarations. */
import { models } from './models/registry.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

const HEAD = `# The API of the agent

The agent serves HTTP on a unix socket, \`/run/waggle/agent.sock\` unless it is told otherwise. The socket's owner and group may use it.

\`\`\`
curl --unix-socket /run/waggle/agent.sock http://localhost/v1/healthz
curl --unix-socket /run/waggle/agent.sock -X PUT --data-binary @policy.yaml http://localhost/v1/policy/documents
\`\`\`

The paths have the names and shapes of the field's API v1, so its tools understand them; those marked _waggle's own_ are
not known there. The whole document with all models is at \`/v1/openapi.json\`.

- Bodies are JSON, unless a path says otherwise. Some paths take one with \`GET\`, as the field's clients send it.
- What is misspelt or of another type is refused, with its path; nothing of such a request is done.
- An error is a JSON string that says what is wrong and what to do. Its header \`waggle-error\` has a word for programs.
- The field's paths for services, local redirects, recorders, prefilters, DNS and other hosts are not there: 404. Its docker plugin
  cannot be used: ids by \`docker-endpoint:\` are not known, and an address that was given out for good stays with its owner.
- Besides what is listed, every path may answer 400 (a request that it does not understand), 413 (a body that is too big), 503 (the
  agent is busy or has no room) and 500 (a mistake of the agent; its log says more).
`;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
}

/** The document, which \`npm run reference\` writes. */
export function referenceText(routes: readonly Route[]): string {
  const { paths } = openApiDocument(routes) as {
    paths: Record<string, Record<string, { parameters?: readonly Parameter[] }>>;
  };
  const table = routes.map(
    (route) =>
      `| ${route.method.toUpperCase()} | [\`${route.path}\`](#${anchor(route)}) | ${route.summary} |`,
  );
  const sections = routes.map((route) => section(route, paths[route.path]?.[route.method]?.parameters ?? []));
  return [HEAD, '| | path | |\n| --- | --- | --- |', ...table, '', ...sections].join('\n');
}

const titleOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;

/** As GitHub makes it of a heading. */
const anchor = (route: Route): string =>
  titleOf(route)
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-');

function section(route: Route, parameters: readonly Parameter[]): string {
  const lines = [
    `## ${titleOf(route)}`,
    '',
    `${route.summary}.${route.extension ? " _waggle's own_" : ''}`,
    '',
  ];
  for (const { name, in: place, required, description } of parameters) {
    const about = description === undefined ? '' : `: ${description}`;
    lines.push(`- \`${name}\` (${place}${required ? '' : ', optional'})${about}`);
  }
  if (route.body) {
    const optional = route.body._zod.optin === 'optional' ? ', optional' : '';
    lines.push(
      `- the body${optional}: ${route.bodyType === 'text' ? 'YAML or JSON' : modelName(route.body)}`,
    );
  }
  lines.push(`- ${route.status}: ${answerName(route)}`);
  for (const [status, meaning] of Object.entries(route.failures)) lines.push(`- ${status}: ${meaning}`);
  return `${lines.join('\n')}\n`;
}

function answerName({ answer, answerType }: Route): string {
  const what = answer ? modelName(answer) : 'done';
  const [type = answerType] = answerType.split(';');
  return type === 'application/json' ? what : `${type}${what === 'a value' ? '' : `, ${what} in each line`}`;
}

/** What a model is called. */
function modelName(model: Parameters<typeof models.get>[0]): string {
  const named = models.get(model);
  if (named) return `\`${named.id}\``;
  const { def } = model._zod;
  if ('element' in def) return `a list of ${modelName(def.element as typeof model)}`;
  if ('innerType' in def) return modelName(def.innerType as typeof model);
  return 'a value';
}
