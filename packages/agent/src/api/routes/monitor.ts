/** Events as they happen. Our own. */
import * as z from 'zod';
import { MonitorEvent } from '../models/extension.ts';
import { monitorStream } from '../monitor-stream.ts';
import { type Route, route } from '../route.ts';

const TYPES = MonitorEvent.shape.type.options;

export const monitorRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/monitor',
    summary:
      'What happens, as it happens: a JSON object in each line, until the client goes. A client that reads too slowly loses events, and is told how many',
    extension: true,
    query: {
      type: z
        .string()
        .regex(new RegExp(`^(${TYPES.join('|')})(,(${TYPES.join('|')}))*$`), `types are ${TYPES.join(', ')}`)
        .exactOptional()
        .describe(`Only these types of events, with commas between them: ${TYPES.join(', ')}`),
    },
    answer: MonitorEvent,
    answerType: 'application/x-ndjson',
    handle: (agent, { query }) => {
      const types = query.type?.split(',');
      return monitorStream(agent.events, ({ type }) => !types || types.includes(type));
    },
  }),
];
