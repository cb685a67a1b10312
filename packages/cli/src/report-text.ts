/** What `waggle metrics` and `waggle debuginfo` print. */
import type { DebugInfo, Metric } from '@waggle/agent/client';
import { endpointListText } from './endpoint-text.ts';
import type { Style } from './output.ts';
import { statusText } from './status-text.ts';
import { factsText, fitTable } from './table.ts';

/** Figures by name and labels. */
export const metricListText = (metrics: readonly Metric[], width: number): string =>
  metrics.length === 0
    ? 'no such figures\n'
    : fitTable(
        ['METRIC', 'LABELS', 'VALUE'],
        metrics.map(({ name, labels, value }) => [
          name,
          Object.entries(labels)
            .map(([label, is]) => `${label}="${is}"`)
            .join(' ') || '-',
          value,
        ]),
        width,
      );

/** Nobody looks at a report in colours. */
const PLAIN: Style = {
  width: 100,
  marks: { good: '+', missing: '-', bad: 'x' },
  paint: (_, text) => text,
};

/** A document with all of it, to be attached to a report. */
export function debugText(info: DebugInfo, client: string, now: number): string {
  const facts: [string, string][] = [
    ['agent', info['cilium-version']],
    ['command', client],
    ['kernel', info['kernel-version']],
  ];
  const sections: [heading: string, text: string][] = [
    ['Versions', factsText(facts, PLAIN.width)],
    ['Status', statusText(info['cilium-status'], { verbose: true, maps: [], now, style: PLAIN })],
    ['Endpoints', endpointListText(info['endpoint-list'], [], PLAIN.width)],
    [`Policies, revision ${info.policy.revision}`, `${indented(info.policy.policy)}\n`],
    ['Environment', info['environment-variables'].map((line) => `${line}\n`).join('')],
    ...Object.entries(info.subsystem).map(([name, text]): [string, string] => [name, `${text.trimEnd()}\n`]),
  ];
  return sections
    .filter(([, text]) => text.trim() !== '')
    .map(([heading, text]) => `## ${heading}\n\n\`\`\`\n${text}\`\`\`\n`)
    .join('\n');
}

/** JSON for people, or the text as it is where it is no JSON. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
