/** What `waggle doctor` does: tries what the kernel can do, and says whether waggle can run here. */
import {
  type Feature,
  featureGroups,
  features,
  neededFeatures,
  type ProbeResult,
  probe,
  readHost,
  unmetNeeds,
} from '@waggle/kernel';
import { type Context, ExitCode, type Stream } from './context.ts';
import type { DoctorOptions } from './doctor.ts';
import { reportOf } from './doctor-report.ts';
import { renderReport } from './doctor-text.ts';
import { styleFor } from './output.ts';
import { print } from './print.ts';
import { waggleVersion } from './version-text.ts';

/** Probes, and prints the report. */
export function doctor(
  { output, group: groups = [...featureGroups], all = false }: DoctorOptions,
  context: Context,
): void {
  const shown = [...features.values()].filter(({ group }) => groups.includes(group));
  // The verdict is about all that waggle needs, whatever the user wants to see.
  const results = probeWithProgress(
    new Set([...shown.map(({ name }) => name), ...neededFeatures]),
    context.stderr,
  );
  const report = reportOf({
    versions: { waggle: waggleVersion(), node: process.version },
    host: readHost(),
    features: shown.map((feature): [Feature, ProbeResult] => [feature, probe(feature.name)]),
    unmet: unmetNeeds(results),
  });
  print(
    { output },
    context,
    report,
    () => `${renderReport(report, styleFor(context.stdout), { all })}
`,
  );
  if (!report.verdict.ready) context.exitCode = ExitCode.failure;
}

const PATIENCE = 1000;
const CLEAR_LINE = '\r\x1b[K';

/** Tries features one by one; who waits for more than a second at a terminal sees how far it is. */
function probeWithProgress(names: ReadonlySet<string>, stderr: Stream): Map<string, ProbeResult> {
  const start = performance.now();
  const results = new Map<string, ProbeResult>();
  let visible = false;
  for (const name of names) {
    if (stderr.isTTY && performance.now() - start > PATIENCE) {
      stderr.write(`${CLEAR_LINE}trying ${results.size + 1} of ${names.size}: ${name}`);
      visible = true;
    }
    results.set(name, probe(name));
  }
  if (visible) stderr.write(CLEAR_LINE);
  return results;
}
