/** The devices that an agent was told to work on: attached, those of before let go of, and what has to be confirmed said. */
import type { NetworkNamespace } from '@waggle/kernel';
import type { Logger } from '../log.ts';
import type { AgentOptions } from '../options.ts';
import type { StateDocument } from '../state/index.ts';
import type { DevicePrograms } from './device-programs.ts';
import { HostDevices } from './devices.ts';

export interface AttachedDevicesOptions {
  readonly host: NetworkNamespace;
  readonly options: Pick<AgentOptions, 'device' | 'masquerade' | 'yes'>;
  readonly programs: DevicePrograms;
  /** Those that were confirmed. */
  readonly document: StateDocument<string[]>;
  readonly log: Logger;
}

/** @throws KernelError for a device that cannot be attached to. */
export function attachDevices({
  host,
  options,
  programs,
  document,
  log,
}: AttachedDevicesOptions): HostDevices {
  const devices = new HostDevices({
    host,
    masquerade: options.masquerade,
    attach: (device) => programs.attach(device),
    detach: (device) => programs.detach(device),
    confirmed: options.yes ? options.device : (document.found ?? []),
    onConfirmed: (name, confirmed) => {
      document.save(() => [...confirmed]);
      log.info({ device: name }, 'The device is confirmed');
    },
    onReleased: (name) =>
      log.error({ device: name }, 'Nobody confirmed the device in time: it was let go of'),
  });
  try {
    for (const name of options.device) devices.add(name);
    programs.detachOthers();
  } catch (error) {
    devices.close();
    throw error;
  }
  for (const { name, unconfirmed } of devices.list()) {
    if (unconfirmed === undefined) continue;
    log.warn(
      { device: name, seconds: unconfirmed },
      `The device carries the only default route. If you can still reach this host: waggle device confirm ${name}`,
    );
  }
  return devices;
}
