import assert from 'node:assert/strict';
import { test } from 'node:test';
import { print } from './print.ts';

function printed(output: 'table' | 'json' | 'yaml'): string {
  let written = '';
  const stdout = {
    write: (text: string) => {
      written += text;
    },
  };
  const labels = ['app=web'];
  print({ output }, { stdout }, { labels, again: labels, port: '80' }, () => 'for people\n');
  return written;
}

test('people get text, programs all that is known', () => {
  assert.equal(printed('table'), 'for people\n');
  assert.deepEqual(JSON.parse(printed('json')), { labels: ['app=web'], again: ['app=web'], port: '80' });
  assert.equal(printed('yaml'), 'labels:\n  - app=web\nagain:\n  - app=web\nport: "80"\n');
});
