import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowService } from '../flow-service.ts';
import { packetOf, put, recordOf } from '../testing/records.ts';
import { type ExportOptions, FlowExporter } from './flow-exporter.ts';
import { RotatingFile } from './rotating-file.ts';

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'waggle-export-'));
  readonly file = join(this.path, 'deep', 'flows.log');

  read(name = 'flows.log'): string[] {
    return readFileSync(join(this.path, 'deep', name), 'utf8')
      .trimEnd()
      .split('\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const PACKET = packetOf({
  source: '10.0.0.1',
  destination: '10.0.0.2',
  protocol: 'udp',
  destinationPort: 53,
});
const serviceOf = () => new FlowService({ nodeName: 'node-1', version: '1', megabytes: 0.01 });

/** Exports some drops and traces; what problems there were. */
async function exported(options: ExportOptions): Promise<string[]> {
  using service = serviceOf();
  const problems: string[] = [];
  const exporter = new FlowExporter(service, options, (message) => problems.push(message));
  await sleep(1);
  for (const type of [1, 4, 4, 1]) {
    put(
      service,
      recordOf({ time: process.hrtime.bigint(), type, subtype: type === 1 ? 133 : 3, packet: PACKET }),
    );
  }
  service.noteLost({ full: 3n, limited: 0n });
  await sleep(5);
  await exporter.close();
  return problems;
}

test('flows are lines of JSON, as Hubble’s clients write and read them', async () => {
  using folder = new Folder();
  assert.deepEqual(await exported({ path: folder.file }), []);
  const lines = folder.read().map((line) => JSON.parse(line));
  assert.equal(lines.length, 5);
  const [{ flow, node_name, time }] = lines;
  assert.deepEqual([node_name, time], ['node-1', flow.time]);
  assert.deepEqual(
    [flow.verdict, flow.drop_reason_desc, flow.IP.source],
    ['DROPPED', 'POLICY_DENIED', '10.0.0.1'],
  );
  assert.deepEqual(flow.l4, { UDP: { destination_port: 53 } });
  assert.equal(lines[4].lost_events.num_events_lost, '3');
});

test('only those that filters let through, and of these the fields that are wanted', async () => {
  using folder = new Folder();
  const options = { path: folder.file, allow: ['{"verdict":["DROPPED"]}'], fields: ['verdict', 'IP.source'] };
  await exported(options);
  const [first, , lost] = folder.read().map((line) => JSON.parse(line));
  assert.deepEqual(first.flow, { verdict: 'DROPPED', IP: { source: '10.0.0.1' } });
  assert.ok(lost.lost_events);
  await exported({ path: folder.file, deny: ['{"verdict":["DROPPED"]}'] });
  const added = folder.read().map((line) => JSON.parse(line).flow?.verdict);
  assert.deepEqual(added, ['DROPPED', 'DROPPED', undefined, 'FORWARDED', 'FORWARDED', undefined]);
});

test('what cannot be is refused, a file that cannot be written is told', async () => {
  using folder = new Folder();
  using service = serviceOf();
  const refused = (options: Partial<ExportOptions>, message: RegExp) =>
    assert.throws(() => new FlowExporter(service, { path: folder.file, ...options }, () => {}), message);
  refused({ allow: ['{"verdict":["NO"]}'] }, /is no filter of flows.*It is written as/);
  refused({ deny: ['{'] }, /is no filter of flows/);
  refused({ fields: ['IP.sauce'] }, /no field "IP.sauce"/);
  mkdirSync(folder.file, { recursive: true });
  const [problem = '', ...more] = await exported({ path: folder.file });
  assert.match(problem, /Flows cannot be written to .*flows.log: Error: EISDIR/);
  assert.deepEqual(more, []);
});

test('a full file is put aside, and the oldest one goes', async () => {
  using folder = new Folder();
  const file = new RotatingFile(folder.file, 10, 2);
  for (let line = 1; line <= 8; line++) await file.append(`line${line}\n`.repeat(line === 8 ? 3 : 1));
  await file.close();
  const again = new RotatingFile(folder.file, 10, 2);
  await again.append('more\n');
  await again.close();
  assert.deepEqual(readdirSync(join(folder.path, 'deep')).sort(), [
    'flows.log',
    'flows.log.1',
    'flows.log.2',
  ]);
  assert.deepEqual(
    ['flows.log', 'flows.log.1', 'flows.log.2'].map((name) => folder.read(name)),
    [['more'], ['line8', 'line8', 'line8'], ['line7']],
  );
});
