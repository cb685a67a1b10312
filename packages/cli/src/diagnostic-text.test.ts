/** Diagnostics on a page: place, sentence, line, mark, hint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '@waggle/compiler/modules';
import { renderDiagnostics } from './diagnostic-text.ts';
import { styleFor } from './output.ts';

const style = styleFor({}, {});
const text = 'const a = 1;\n\tconst first = service.first;\nif (\n  a\n) {}\n';
const diagnostic: Diagnostic = {
  code: 'W301',
  message: 'This may be null: service',
  hint: 'Test it first: if (!service) return …',
  file: '/src/lab/balance.bpf.ts',
  line: 2,
  column: 16,
  length: 7,
};
const render = (diagnostics: readonly Diagnostic[], content: string | undefined = text) =>
  renderDiagnostics(diagnostics, style, { textOf: () => content, directory: '/src' });

test('a diagnostic has its place, its line, a mark and a hint', () => {
  assert.equal(
    render([diagnostic]),
    `lab/balance.bpf.ts:2:16 - W301: This may be null: service
    2 |   const first = service.first;
      |                 ^^^^^^^
        Test it first: if (!service) return …

1 error
`,
  );
});

test('what spans lines is marked to the end of its first, and an empty place gets a mark too', () => {
  const spanning = render([{ ...diagnostic, line: 3, column: 1, length: 12 }]);
  assert.match(spanning, /\| if \(\n +\| \^{4}\n/);
  assert.match(render([{ ...diagnostic, line: 1, column: 13, length: 0 }]), /\| {13}\^\n/);
});

test('a file that cannot be read leaves the sentence', () => {
  const { hint: _, ...plain } = diagnostic;
  const unreadable = renderDiagnostics([plain, { ...plain, file: '/src/other.ts' }], style, {
    textOf: () => undefined,
    directory: '/src',
  });
  assert.equal(
    unreadable,
    'lab/balance.bpf.ts:2:16 - W301: This may be null: service\n\nother.ts:2:16 - W301: This may be null: service\n\n2 errors in 2 files\n',
  );
});
