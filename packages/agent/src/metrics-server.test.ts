import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prometheusText, serveMetrics } from './metrics-server.ts';

const METRICS = [
  { name: 'waggle_policy', labels: {}, value: 3 },
  { name: 'waggle_drop_count_total', labels: { direction: 'ingress', reason: '133' }, value: 7 },
  { name: 'waggle_drop_count_total', labels: { direction: 'a"b\\c\nd' }, value: 1 },
];

test('figures in Prometheus’ format', () => {
  assert.equal(
    prometheusText(METRICS),
    `# TYPE waggle_policy gauge
waggle_policy 3
# TYPE waggle_drop_count_total counter
waggle_drop_count_total{direction="ingress",reason="133"} 7
waggle_drop_count_total{direction="a\\"b\\\\c\\nd"} 1
`,
  );
});

test('they are served at /metrics, with those of flows', async () => {
  let failing = false;
  const failures: unknown[] = [];
  const options = {
    ...{ host: '127.0.0.1', port: 0, metrics: () => METRICS },
    flowMetrics: () => (failing ? Promise.reject(new Error('no')) : Promise.resolve('hubble_x 1\n')),
    onFailure: (error: unknown) => failures.push(error),
  };
  const server = await serveMetrics(options);
  try {
    const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    const answer = await ask('/metrics');
    assert.match(answer.headers.get('content-type') ?? '', /version=0\.0\.4/);
    const text = await answer.text();
    assert.ok(text.startsWith('# TYPE waggle_policy gauge') && text.endsWith('hubble_x 1\n'));
    assert.deepEqual([(await ask('/')).status, (await ask('/metrics', 'POST')).status], [404, 405]);
    failing = true;
    assert.equal((await ask('/metrics')).status, 503);
    assert.equal(failures.length, 1);
    await assert.rejects(serveMetrics({ ...options, port: server.port }), {
      code: 'BUSY',
      message: /cannot be served at 127\.0\.0\.1:\d+ \(EADDRINUSE\)\. Choose another/,
    });
  } finally {
    await server.close();
  }
});
