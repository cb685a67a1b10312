import { benchmark } from './support/benchmark.ts';
import { compareTraffic, HOW } from './support/compare-traffic.ts';
import { allowedPair } from './support/lab-endpoints.ts';
import { missingTools, NamespaceTraffic } from './support/namespace-traffic.ts';

await import('@waggle/compiler/register');
const { DatapathLab } = await import('../e2e/support/datapath-lab.ts');

const SIZES = { maxConnections: 65_536 };
const SILENT = { aggregation: 'off', drops: false, verdicts: false } as const;

await benchmark(
  {
    name: 'flow-overhead',
    about: `TCP between two endpoints with events as an agent has them by default, and somebody who reads them, beside the same without
      any, in turn. ${HOW}`,
    twin: 'no events',
  },
  async (recorder) => {
    const missing = missingTools('cc', 'iperf3');
    if (missing !== undefined) return recorder.note(`Skipped. ${missing}`);
    using traffic = new NamespaceTraffic();
    using telling = new DatapathLab(SIZES);
    using silent = new DatapathLab({ ...SIZES, monitoring: SILENT });
    let read = 0;
    using _reader = telling.datapath.readEvents(() => read++);
    const goals = { trips: 0.97, throughput: 0.97 };
    await compareTraffic(recorder, traffic, { ours: allowedPair(telling), twin: allowedPair(silent), goals });
    recorder.note(`Events that were read: ${read}.`);
  },
);
