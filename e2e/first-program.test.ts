/** The first program of docs/language.md, typed in from the page: it prints what the page says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Network, NetworkNamespace } from '@waggle/kernel';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

const page = readFileSync(new URL('../docs/language.md', import.meta.url), 'utf8');
const files = [...page.matchAll(/^```ts first\/(\S+)\n([\s\S]*?)^```$/gm)];

test('the first program of the guide does what the guide says', { skip: needsRoot }, async () => {
  assert.equal(files.length, 2);
  using lab = NetworkNamespace.createAnonymous();
  using network = Network.open(lab);
  network.links.set('lo', { up: true });
  const folder = mkdtempSync(fileURLToPath(new URL('./.modules-', import.meta.url)));
  try {
    for (const [, name = '', text = ''] of files) writeFileSync(join(folder, name), text);
    const imports = ['tsx', '@waggle/compiler/register'].flatMap((name) => ['--import', name]);
    const child = lab.spawn(process.execPath, ['--conditions=source', ...imports, join(folder, 'main.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
    });
    const [status] = await once(child, 'close');
    assert.equal(status, 0);
    const [attached, counted] = output.trimEnd().split('\n');
    assert.match(attached ?? '', /^attached, as link \d+$/);
    assert.ok(page.includes(`\nattached, as link 17\n${counted}\n`), output);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
