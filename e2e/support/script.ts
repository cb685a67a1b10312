/** What labs start as processes of their own: scripts of this folder, in one piece with their sources as tests are. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `npm test` has put tests and scripts: written here when they are bundled. */
const folder = process.env.BUNDLED_TESTS;

/** The arguments for node that start a script, from its sources where nobody has bundled it. */
export const scriptArguments = (name: string): string[] =>
  folder === undefined
    ? ['--conditions=source', '--import', 'tsx', fileURLToPath(new URL(`${name}.ts`, import.meta.url))]
    : [join(folder, 'e2e/support', `${name}.mjs`)];
