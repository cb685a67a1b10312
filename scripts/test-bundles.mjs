/**
 * Puts each test in one piece with the sources that it tests: of the hundreds of modules that a test of the agent consists of, node
 * and a loader of TypeScript take longer to find, strip and link each than most tests take to run. What they share is shared, as if
 * the sources had been imported. Two things are as users have them: programs (`.bpf.ts`) are compiled, and what finds a file beside
 * itself, such as a worker's module, finds the built one.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildModule } from '@waggle/compiler/modules';
import { build } from 'esbuild';
import { REQUIRE } from './bundle.mjs';

const root = new URL('..', import.meta.url).pathname;
/** A module of a package that is built: no test, and nothing that only tests have. */
const BUILT = /^(packages\/[^/]+)\/src\/(?!(?:.*\/)?testing\/)(?!.*\.test\.ts$)(.*)\.ts$/;

/** The module that was built of a source, if one was. */
const builtFrom = (path) => {
  const [, packageFolder, module] = BUILT.exec(relative(root, path)) ?? [];
  return packageFolder && join(root, packageFolder, 'dist', `${module}.js`);
};

/** What labs start as processes of their own; e2e/support/script.ts finds them. */
const SCRIPTS = ['agent-process', 'datapath-host', 'hammer', 'waggle-session'].map(
  (name) => `e2e/support/${name}.ts`,
);

/**
 * Bundles tests, and what they start.
 * @param tests their files, from the root.
 * @param folder an empty one inside of node_modules, so that libraries are found from it.
 * @returns for each test, in their order, the module to run.
 */
export async function bundleTests(tests, folder) {
  const moduleOf = (test) => join(folder, test.replace(/\.ts$/, '.mjs'));
  // This package is in one piece with its own tests. The others have it as it is built, and so have modules that a test compiles.
  const isOfLanguage = (test) => test.startsWith('packages/bpf/');
  const others = tests.filter((test) => !isOfLanguage(test));
  const scripts = others.some((test) => test.startsWith('e2e/')) ? SCRIPTS : [];
  await Promise.all([
    bundle(tests.filter(isOfLanguage), folder, []),
    bundle([...others, ...scripts], folder, ['@waggle/bpf']),
  ]);
  return tests.map(moduleOf);
}

const bundle = (entryPoints, outdir, external) =>
  build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    outbase: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    external: [...external, 'koffi', 'typescript', 'esbuild'],
    define: {
      'import.meta.url': 'waggle$url',
      'import.meta.filename': 'waggle$file',
      'import.meta.dirname': 'waggle$folder',
      'process.env.BUNDLED_TESTS': JSON.stringify(outdir),
    },
    banner: { js: REQUIRE },
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [{ name: 'sources', setup: (build) => setup(build, join(outdir, 'programs')) }],
  });

/** @param outDir - For programs that are no part of a package. */
function setup({ onResolve, onLoad }, outDir) {
  // There is nothing left to compile.
  onResolve({ filter: /^@waggle\/compiler\/register$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
  onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: '' }));

  // A built program imports what was built beside it; its source is where the others find the same module.
  onResolve({ filter: /^\..*\.js$/ }, ({ path, importer, resolveDir }) =>
    importer.endsWith('.bpf.ts') ? { path: resolve(resolveDir, path.replace(/js$/, 'ts')) } : undefined,
  );
  onLoad({ filter: /\.bpf\.ts$/ }, async ({ path }) => {
    const [built] = [builtFrom(path) ?? (await buildModule(path, { outDir })).files].flat();
    return { contents: readFileSync(built, 'utf8'), loader: 'js', resolveDir: dirname(path) };
  });
  onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: withPlace(path), loader: 'ts' }));
}

/** The text of a source that asks where it is, with the answer before it. */
function withPlace(path) {
  const text = readFileSync(path, 'utf8');
  if (!text.includes('import.meta')) return text;
  const place = builtFrom(path) ?? path;
  const [url, file, folder] = [pathToFileURL(place).href, place, dirname(place)].map((each) =>
    JSON.stringify(each),
  );
  return `const waggle$url = ${url}, waggle$file = ${file}, waggle$folder = ${folder}; ${text}`;
}
