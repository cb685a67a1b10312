/**
 * Builds the programs of the packages, each `.bpf.ts` into the module that tsc has made of it. Where there is `x.usual.ts` beside
 * `x.bpf.ts`, it says for which configs code is generated here already, which takes long. What was built is kept in
 * node_modules/.cache, under the digest of all that it was built of: the compiler, and each module that the program consists of.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildModule } from '@waggle/compiler/modules';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const COMPILER = 'packages/compiler/src/modules/index.ts';
const cache = join(root, 'node_modules/.cache/waggle/programs');

/** @returns how much is wrong with them, all of which is printed. */
export async function buildPrograms() {
  const programs = readdirSync(join(root, 'packages'), { recursive: true })
    .filter((file) => /^[^/]+\/src\/(?!(.*\/)?testing\/).*\.bpf\.ts$/.test(file))
    .map((file) => `packages/${file}`);
  const usual = (file) =>
    [file.replace(/bpf\.ts$/, 'usual.ts')].filter((each) => existsSync(join(root, each)));
  const inputs = await inputsOf([COMPILER, ...programs, ...programs.flatMap(usual)]);
  const kept = new Set();
  let wrong = 0;
  mkdirSync(cache, { recursive: true });
  for (const file of programs) {
    const all = [COMPILER, file, ...usual(file)].flatMap((each) => inputs.get(each));
    const name = `${basename(file, '.ts')}-${digest(all)}.js`;
    kept.add(name);
    wrong += await buildProgram(file, join(cache, name));
  }
  for (const name of readdirSync(cache)) if (!kept.has(name)) rmSync(join(cache, name));
  return wrong;
}

/** @returns how much is wrong with it. */
async function buildProgram(file, known) {
  const outDir = join(root, dirname(file).replace(/\/src(?=\/|$)/, '/dist'));
  const built = join(outDir, basename(file).replace(/ts$/, 'js'));
  if (existsSync(known)) {
    copyFileSync(known, built);
    return 0;
  }
  const configs = built.replace(/bpf\.js$/, 'usual.js');
  const usual = existsSync(configs) ? (await import(configs)).usual : {};
  const { diagnostics } = await buildModule(join(root, file), { outDir, usual });
  for (const { code, message, line, column } of diagnostics) {
    console.error(`${file}:${line}:${column}: ${code}: ${message}`);
  }
  if (diagnostics.length === 0) copyFileSync(built, known);
  return diagnostics.length;
}

/** The files that each of some modules consists of, those of other packages among them. */
async function inputsOf(modules) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: modules,
    outdir: cache,
    bundle: true,
    treeShaking: false,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    external: ['typescript', 'koffi'],
    metafile: true,
    write: false,
  });
  const outputs = Object.values(metafile.outputs);
  return new Map(outputs.map(({ entryPoint, inputs }) => [entryPoint, Object.keys(inputs)]));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of [...new Set([...files, 'package-lock.json'])].sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}
