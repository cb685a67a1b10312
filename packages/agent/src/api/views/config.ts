/** The agent's configuration in the field's shape: switches are words, and options have the field's names. */
import { WaggleError } from '@waggle/bpf';
import type { AgentControl, MutableConfig } from '../../control.ts';
import type { DaemonConfiguration, DaemonConfigurationSpec } from '../models/config.ts';
import { nodeAddressing } from './addressing.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export function configModel(agent: AgentControl): DaemonConfiguration {
  const { mutable, immutable } = agent.config();
  const { enforcement, audit, logLevel } = mutable;
  const spec = {
    options: {
      Debug: switchText(logLevel === 'debug' || logLevel === 'trace'),
      LogLevel: logLevel,
      PolicyAuditMode: switchText(audit),
    },
    'policy-enforcement': enforcement,
  };
  return {
    spec,
    status: {
      realized: spec,
      immutable: Object.fromEntries(Object.entries(immutable).map(([name, value]) => [name, String(value)])),
      addressing: nodeAddressing(agent.addresses.pools),
      datapathMode: 'veth',
      masquerade: agent.devices().some(({ masquerade }) => masquerade),
    },
  };
}

/**
 * Reads a change.
 *
 * @throws {@link WaggleError} MALFORMED for options that are not known or cannot have their value.
 */
export function configChange(spec: DaemonConfigurationSpec): Partial<MutableConfig> {
  const enforcement = spec['policy-enforcement'];
  let change: Partial<MutableConfig> = enforcement === undefined ? {} : { enforcement };
  for (const [name, value] of Object.entries(spec.options ?? {})) {
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (!option)
      throw new WaggleError('MALFORMED', `There is no option ${JSON.stringify(name)}`, {
        hint: `Options are ${Object.keys(OPTIONS).join(', ')}`,
      });
    change = { ...change, ...option(value) };
  }
  return change;
}

const OPTIONS: Readonly<Record<string, (value: string) => Partial<MutableConfig>>> = {
  Debug: (value) => ({ logLevel: isOn('Debug', value) ? 'debug' : 'info' }),
  LogLevel: (value) => {
    const logLevel = LOG_LEVELS.find((level) => level === value.toLowerCase());
    if (logLevel) return { logLevel };
    throw unusable('LogLevel', value, LOG_LEVELS);
  },
  PolicyAuditMode: (value) => ({ audit: isOn('PolicyAuditMode', value) }),
};

const ON = ['enabled', 'enable', 'true', 'on', '1'];
const OFF = ['disabled', 'disable', 'false', 'off', '0'];

function isOn(name: string, value: string): boolean {
  if (ON.includes(value.toLowerCase())) return true;
  if (OFF.includes(value.toLowerCase())) return false;
  throw unusable(name, value, ['Enabled', 'Disabled']);
}

const switchText = (on: boolean): string => (on ? 'Enabled' : 'Disabled');

const unusable = (name: string, value: string, allowed: readonly string[]): WaggleError =>
  new WaggleError('MALFORMED', `The option ${name} cannot be ${JSON.stringify(value)}`, {
    hint: `It can be ${allowed.join(', ')}`,
  });
