/**
 * Puts the command in one piece: of the 800 modules that an agent consists of, node takes longer to find, read and link each than to
 * run them all. What a command loads only when it needs it stays a file of its own. Whose code is in it stands in LICENSES.txt.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
/** Beside `dist`, so that package.json is the same place seen from both. */
const bundle = join(root, 'packages/cli/bundle');

/** What is CommonJS asks for node's modules in its own way. */
export const REQUIRE = `import { createRequire as requireOf } from 'node:module';
const require = requireOf(import.meta.url);`;

/** Bundles what was built. */
export async function bundleCommand() {
  rmSync(bundle, { recursive: true, force: true });
  // The thread of flows is looked for beside who starts it. It shares no files with the others: it would have to load what only they need.
  const parts = ['packages/cli/dist/main.js', 'packages/flows/dist/worker/worker.js'];
  const inputs = await Promise.all(parts.map(bundlePart));
  writeFileSync(join(bundle, 'LICENSES.txt'), licenses(inputs.flat()));
}

/** Bundles a module and all that it needs. @returns the files that it is made of. */
async function bundlePart(entry) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: bundle,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // A native library, and one that is only there where programs are compiled.
    external: ['koffi', 'typescript'],
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  return Object.keys(metafile.inputs);
}

/** The licenses of the packages of others that these files are from. */
function licenses(files) {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].find((each) =>
      existsSync(join(root, folder, each)),
    );
    const text = file === undefined ? '' : `\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
    return `${name} ${version}: ${license}\n${text}`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
