/**
 * The programs that tests run are those of the sources: what was built is kept under a digest of what it was built of
 * (scripts/programs.mjs), and is what it would be built to now.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildModule } from '@waggle/compiler/modules';

const packages = new URL('../packages/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'waggle-programs-'));
after(() => rmSync(folder, { recursive: true }));

/** Small ones, and one that imports most of the others. */
for (const [of, name] of [
  ['steering', 'steer'],
  ['datapath', 'policy'],
  ['datapath', 'decide'],
] as const) {
  test(`${name}.bpf.js of ${of} is built of what is there`, async () => {
    const { diagnostics } = await buildModule(join(packages, of, `src/${name}.bpf.ts`), { outDir: folder });
    assert.deepEqual(diagnostics, []);
    const text = (path: string): string => readFileSync(join(path, `${name}.bpf.js`), 'utf8');
    assert.ok(text(folder) === text(join(packages, of, 'dist')), 'npm run build');
  });
}
