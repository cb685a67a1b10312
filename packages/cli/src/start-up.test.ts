/**
 * What a command loads before it runs: neither the compiler nor the kernel library, the policy engine or the language, which take longer
 * than most commands. Followed are the imports in the sources.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** From outside, and from rooms of our own that load next to nothing. */
const ALLOWED = ['commander', '@waggle/agent/client', '@waggle/bpf/messages'];
const OURS: Readonly<Record<string, string>> = {
  '@waggle/agent/client': '../../agent/src/api/client.ts',
  '@waggle/bpf/messages': '../../bpf/src/messages.ts',
};
/** Whole statements, of which those that import types alone load nothing. */
const IMPORT = /^(?:import|export) (?!type )(?:[^;]*? from )?'([^']+)';/gm;

/** The packages that are loaded with a file, and by which file. */
function packagesOf(start: string): Map<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const follow = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, specifier = ''] of readFileSync(url, 'utf8').matchAll(IMPORT)) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) follow(new URL(specifier, url));
      else {
        found.set(specifier, fileURLToPath(url));
        const source = OURS[specifier];
        if (source !== undefined) follow(new URL(source, import.meta.url));
      }
    }
  };
  follow(new URL(start, import.meta.url));
  return found;
}

describe('only what is needed is loaded', () => {
  const starts = ['./main.ts', './status-actions.ts', './endpoint-actions.ts', './policy-store-actions.ts'];
  for (const start of starts) {
    test(`with ${start}`, () => {
      const wrong = [...packagesOf(start)].filter(([name]) => !ALLOWED.includes(name));
      assert.deepEqual(wrong, []);
    });
  }

  test('and the packages are found at all', () => {
    assert.deepEqual([...packagesOf('./main.ts').keys()].sort(), ['@waggle/bpf/messages', 'commander']);
    assert.ok(packagesOf('./policy-actions.ts').has('@waggle/policy'));
  });
});
