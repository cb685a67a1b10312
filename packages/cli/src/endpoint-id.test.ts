import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointId } from './endpoint-id.ts';

test('endpoints are named by number, name, address or container', () => {
  const cases: [string, string | number][] = [
    ['7', 7],
    ['web-1', 'name:web-1'],
    ['shop/web-1', 'name:shop/web-1'],
    ['10.1.0.7', 'ipv4:10.1.0.7'],
    ['fd00::7', 'ipv6:fd00::7'],
    ['container-id:ab12', 'container-id:ab12'],
    ['container-name:web', 'container-name:web'],
    ['odd:name', 'name:odd:name'],
  ];
  for (const [text, id] of cases) assert.equal(endpointId(text), id);
});
