/** See endpoint.usual.ts. */
import { monitoringConfig } from './events/options.ts';

export const usual = { anyPacket: [{ monitoring: monitoringConfig() }] };
