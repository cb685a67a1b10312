/** What `waggle device` does: it asks the agent, and prints. */
import type { Device } from '@waggle/agent/client';
import { agentOf, ask } from './ask.ts';
import type { ClientOptions } from './client-options.ts';
import type { Context } from './context.ts';
import { print } from './print.ts';
import { table } from './table.ts';

export async function list(options: ClientOptions, context: Context): Promise<void> {
  const devices = await ask(context, agentOf(options).devices());
  print(options, context, devices, () => deviceListText(devices));
}

export async function confirm(name: string, options: ClientOptions, context: Context): Promise<void> {
  await ask(context, agentOf(options).confirmDevice(name));
  print(options, context, { confirmed: name }, () => `confirmed: what is attached to ${name} stays\n`);
}

const deviceListText = (devices: readonly Device[]): string =>
  devices.length === 0
    ? 'the agent works on no device of the host\n'
    : table(
        ['DEVICE', 'NUMBER', 'MASQUERADE', 'CONFIRMED'],
        devices.map(({ name, index, masquerade, unconfirmed }) => [
          name,
          index,
          masquerade ? 'yes' : 'no',
          unconfirmed === undefined ? 'yes' : `let go of in ${Math.ceil(unconfirmed)} s`,
        ]),
      );
