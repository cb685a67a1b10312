/**
 * Makes TypeScript of the proto files: `npm run proto`, or `node scripts/proto.mjs DIRECTORY` to have it elsewhere.
 * Enums become constant objects, because this project's TypeScript is plain JavaScript once its types are erased.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const flows = join(root, 'packages/flows');
const out = resolve(process.argv[2] ?? join(flows, 'src/hubble/generated'));
const tools = join(root, 'node_modules/.bin');

const template = JSON.stringify({
  version: 'v2',
  clean: true,
  plugins: [
    {
      local: join(tools, 'protoc-gen-es'),
      out,
      opt: ['target=ts', 'import_extension=ts', 'ts_nocheck=false'],
    },
  ],
});
const { status } = spawnSync(join(tools, 'buf'), ['generate', 'proto', '--template', template], {
  cwd: flows,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

const files = readdirSync(out, { recursive: true }).filter((file) => file.endsWith('.ts'));
for (const file of files.map((each) => join(out, each))) {
  const text = readFileSync(file, 'utf8');
  const erasable = text.replace(/^export enum (\w+) \{\n([^}]*)\}\n/gm, (_, name, values) => {
    const entries = values.replace(/^ {2}(\w+) = (\d+),$/gm, '  $1: $2,');
    return `export const ${name} = {\n${entries}} as const;\n\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];\n`;
  });
  writeFileSync(file, erasable);
}
