/**
 * With which configs most hosts load the programs of endpoints: what is not told otherwise. Code for these is generated when the package
 * is built.
 */
import { monitoringConfig } from './events/options.ts';

const config = { monitoring: monitoringConfig() };

export const usual = { fromEndpoint: [config], toEndpoint: [config] };
