/** What `waggle status` prints: the agent as a whole, then its parts, what is wrong among them marked. */
import type { BPFMap, StatusResponse } from '@waggle/agent/client';
import { agoText, durationText } from './duration.ts';
import { mapListText } from './map-text.ts';
import { hang, type Style, wrap } from './output.ts';
import { fitTable } from './table.ts';

type Controller = NonNullable<StatusResponse['controllers']>[number];
type State = NonNullable<StatusResponse['cilium']>['state'];

/** Whether the agent says that all is well. */
export const isWell = ({ cilium }: StatusResponse): boolean => cilium?.state === 'Ok';

/** One word, or what is wrong. */
export const briefText = (status: StatusResponse): string =>
  isWell(status)
    ? 'OK\n'
    : `${status.cilium?.state ?? 'Failure'}: ${status.cilium?.msg ?? 'the agent says nothing of itself'}\n`;

/** How to show a status. */
export interface StatusLook {
  /** Also what goes well. */
  readonly verbose: boolean;
  readonly maps: readonly BPFMap[];
  readonly now: number;
  readonly style: Style;
}

/** All parts, as wide as the style allows. */
export function statusText(
  { cilium, waggle, controllers = [], ipam, stale = {} }: StatusResponse,
  look: StatusLook,
): string {
  const { verbose, now, style } = look;
  const sections = waggle?.sections ?? [];
  const width = Math.max(0, ...sections.map(({ name }) => name.length));
  const left = width + 6;
  const state = cilium?.state ?? 'Failure';
  const head = waggle
    ? `waggle ${waggle.version} on ${waggle['node-name']}: ${state === 'Ok' ? 'all is well' : 'not all is well'}`
    : (cilium?.msg ?? 'the agent says nothing of itself');
  const process = waggle
    ? [`  process ${waggle.pid}, running for ${durationText(now - Date.parse(waggle.started))}`, '']
    : [''];
  const lines = [
    ...hang(`${markOf(state, style)} `, 2, wrap(head, style.width - 2)),
    ...process,
    ...sections.flatMap(({ name, state: how, message }) =>
      hang(`  ${markOf(how, style)} ${name.padEnd(width)}  `, left, wrap(message, style.width - left)),
    ),
    ...Object.entries(stale).map(
      ([probe, since]) => `  ${markOf('Warning', style)} ${probe} has not answered since ${since}`,
    ),
  ];
  const text = lines.map((line) => `${line.trimEnd()}\n`).join('');
  return verbose ? `${text}${details(controllers, ipam, look)}` : text;
}

/** A mark of one column. */
function markOf(state: State, style: Style): string {
  switch (state) {
    case 'Ok':
      return style.paint('green', style.marks.good);
    case 'Warning':
      return style.paint('yellow', '!');
    case 'Failure':
      return style.paint('red', style.marks.bad);
    case 'Disabled':
      return style.paint('dim', style.marks.missing);
  }
}

function details(
  controllers: readonly Controller[],
  ipam: StatusResponse['ipam'],
  { maps, now, style }: StatusLook,
): string {
  const allocations = Object.entries(ipam?.allocations ?? {});
  const tables = [
    controllers.length > 0 &&
      fitTable(
        ['CONTROLLER', 'SUCCESSES', 'FAILURES', 'LAST SUCCESS', 'LAST FAILURE', 'IN A ROW', 'WHY'],
        controllers.map(({ name, status }) => [
          name,
          status['success-count'],
          status['failure-count'],
          agoText(status['last-success-timestamp'], now),
          agoText(status['last-failure-timestamp'], now),
          status['consecutive-failure-count'],
          status['last-failure-msg'] ?? '-',
        ]),
        style.width,
      ),
    maps.length > 0 && mapListText(maps, style),
    allocations.length > 0 && fitTable(['ADDRESS', 'OWNER'], allocations, style.width),
  ];
  return tables.map((table) => (table === false ? '' : `\n${table}`)).join('');
}
