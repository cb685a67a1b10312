/** The example policies, and those of docs/policy-guide.md, are what the policy language takes; what is said to be wrong is refused. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PolicyFileError, parseEndpoints, parsePolicies } from '@waggle/policy';

const root = new URL('..', import.meta.url).pathname;
const page = 'docs/policy-guide.md';
const folder = 'examples/policies';

interface Example {
  /** `policy`, `refused` or `endpoints`. */
  readonly kind: string;
  readonly file: string;
  readonly text: string;
}

function examples(): Example[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```yaml (\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: kind = '', 2: body = '', index }) => ({
      kind,
      file: `${page}, example at line ${text.slice(0, index).split('\n').length}`,
      text: body,
    }),
  );
}

const ofKind = (kind: string): Example[] => {
  const found = examples().filter((example) => example.kind === kind);
  assert.ok(found.length > 0);
  return found;
};

test('the policies of the guide are understood', () => {
  for (const { text, file } of ofKind('policy')) {
    assert.ok(parsePolicies(text, { file }).rules.length > 0, file);
  }
});

test('the endpoints of the guide are understood', () => {
  for (const { text, file } of ofKind('endpoints'))
    assert.ok(parseEndpoints(text, { file }).length > 0, file);
});

test('what the guide says to be refused is refused with the words that stand beside it', () => {
  for (const { text } of ofKind('refused')) {
    const said = text.split('\n').flatMap((line, index) => {
      const [, words] = line.split(' # ');
      return words === undefined ? [] : [`line ${index + 1}: ${words}`];
    });
    assert.throws(
      () => parsePolicies(text),
      (error) => {
        assert.ok(error instanceof PolicyFileError);
        const lines = error.message.split('\n');
        assert.equal(lines.length, said.length);
        for (const [index, line] of lines.entries()) assert.ok(line.startsWith(said[index] ?? ' '), line);
        return true;
      },
    );
  }
});

test('the example policies are understood, and the endpoints to try them on', () => {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'));
  assert.ok(files.length > 5);
  for (const name of files) {
    const file = join(folder, name);
    const text = readFileSync(join(root, file), 'utf8');
    assert.ok(parsePolicies(text, { file }).rules.length > 0, file);
  }
  const file = 'examples/endpoints.yaml';
  assert.ok(parseEndpoints(readFileSync(join(root, file), 'utf8'), { file }).length > 0);
});
