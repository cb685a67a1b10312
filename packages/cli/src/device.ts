/** `waggle device`: the devices of the host that the agent works on. */
import type { Command } from 'commander';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { addAsking, addGroup } from './group.ts';

const HELP = `
What the agent attaches to a device that carries the only default route is undone 30 seconds later
unless somebody confirms it: who has shut himself out gets in again.`;

const actions = () => import('./device-actions.ts');

/** Adds the commands. */
export function addDevice(program: Command, context: Context): void {
  const device = addGroup(
    program,
    'device',
    'list and confirm the devices of the host that the agent works on',
  );
  addExamples(device.addHelpText('after', HELP), ['waggle device list'], ['waggle device confirm eth0']);
  addAsking(device, 'list', 'list devices', ['waggle device list']).action(async (options: ClientOptions) =>
    (await actions()).list(options, context),
  );
  addAsking(device, 'confirm <name>', 'keep what was attached to a device', [
    'waggle device confirm eth0',
  ]).action(async (name: string, options: ClientOptions) =>
    (await actions()).confirm(name, options, context),
  );
}
