import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLabel } from '@waggle/policy';
import { readLabels } from './endpoint-labels.ts';

test('labels without a source are those of Kubernetes', () => {
  const texts = readLabels(['app=web', 'any:tier', 'container:maintainer=NGINX <docker@nginx.com>']).map(
    formatLabel,
  );
  assert.deepEqual(texts, ['k8s:app=web', 'any:tier', 'container:maintainer=NGINX <docker@nginx.com>']);
});

test('what would break a line of labels is none', () => {
  for (const text of ['a b=c', ' app=web', 'a\tb', 'k8s :app', 'app=web\n', 'app=\u0000', '\u200bapp=web'])
    assert.throws(
      () => readLabels([text]),
      { code: 'MALFORMED', message: /is no label/ },
      JSON.stringify(text),
    );
  assert.throws(() => readLabels(['=web']), { code: 'MALFORMED', message: /has no key/ });
});

test('labels that only waggle gives cannot be asked for', () => {
  for (const text of ['reserved:host', 'cidr:10.0.0.0/8', 'fqdn:example.com'])
    assert.throws(() => readLabels([text]), { code: 'DENIED', message: /cannot be given/ });
});
