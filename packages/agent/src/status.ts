/** How an agent is, part by part: each part says so in one line, and the worst of them is how the agent is. */
import type { EventCounts } from './agent-hooks.ts';
import type { AgentStatus, ControllerStatus, EndpointState, StatusSection } from './control.ts';

/** What the parts are judged by. */
export interface StatusFacts {
  readonly datapath: { readonly connections: number; readonly pins: string };
  readonly endpoints: readonly { readonly state: EndpointState; readonly problem?: string }[];
  readonly identities: { readonly endpoints: number; readonly cidrs: number };
  readonly policy: {
    readonly revision: number;
    readonly rules: number;
    readonly enforcement: string;
    readonly audit: boolean;
    /** What is wrong with the watched directory. */
    readonly problem?: string;
    /** Endpoints whose rules want a proxy. */
    readonly withoutProxy: number;
  };
  readonly addresses: readonly { readonly family: string; readonly used: number; readonly of: bigint }[];
  readonly host: {
    readonly name: string;
    readonly devices: readonly { readonly name: string; readonly unconfirmed?: number }[];
  };
  /** What is not saved. */
  readonly unsaved: readonly string[];
  readonly events: EventCounts;
  readonly controllers: readonly ControllerStatus[];
}

type Section = Omit<StatusSection, 'name'>;

/** Failures in a row from which on a piece of work counts as failing: once is bad luck. */
const FAILING = 2;
/** From this share on a pool is nearly used up. */
const NEARLY = 0.9;

export function statusSections(facts: StatusFacts): StatusSection[] {
  const sections: Readonly<Record<string, Section>> = {
    Datapath: ok(
      `${count(facts.datapath.connections, 'connection')} at most, pinned in ${facts.datapath.pins}`,
    ),
    Host: hostSection(facts),
    Endpoints: endpointSection(facts),
    Identities: ok(
      `${facts.identities.endpoints} of endpoints, ${facts.identities.cidrs} of CIDRs that rules name`,
    ),
    Policy: policySection(facts),
    Addresses: addressSection(facts),
    State: facts.unsaved.length === 0 ? ok('saved') : warning(facts.unsaved.join('; ')),
    Events: eventSection(facts),
    Controllers: controllerSection(facts),
  };
  return Object.entries(sections).map(([name, section]) => ({ name, ...section }));
}

/** The agent as a whole, by its sections. */
export function overallState(sections: readonly StatusSection[]): Pick<AgentStatus, 'state' | 'message'> {
  const worst = (state: StatusSection['state']) => sections.filter((section) => section.state === state);
  const [failures, warnings] = [worst('Failure'), worst('Warning')];
  const tell = (list: readonly StatusSection[]) =>
    list.map(({ name, message }) => `${name}: ${message}`).join('; ');
  if (failures.length > 0) return { state: 'Failure', message: tell([...failures, ...warnings]) };
  if (warnings.length > 0) return { state: 'Warning', message: tell(warnings) };
  return { state: 'Ok', message: 'All is well' };
}

function hostSection({ host: { name, devices } }: StatusFacts): Section {
  if (devices.length === 0) return ok(`${name}, no way to the world`);
  const waiting = devices.flatMap(({ name: device, unconfirmed }) =>
    unconfirmed === undefined ? [] : [`${device} is let go of in ${unconfirmed} s unless confirmed`],
  );
  const text = `${name}, devices ${devices.map((device) => device.name).join(', ')}`;
  return waiting.length > 0 ? warning(`${text}: ${waiting.join(', ')}`) : ok(text);
}

function endpointSection({ endpoints }: StatusFacts): Section {
  const states = new Map<EndpointState, number>();
  for (const { state } of endpoints) states.set(state, (states.get(state) ?? 0) + 1);
  const text =
    endpoints.length === 0 ? 'none' : [...states].map(([state, number]) => `${number} ${state}`).join(', ');
  const problems = [...new Set(endpoints.flatMap(({ problem }) => problem ?? []))];
  return problems.length > 0 ? warning(`${text}; ${problems.join('; ')}`) : ok(text);
}

function policySection({ policy, endpoints }: StatusFacts): Section {
  const { revision, rules, enforcement, audit, problem, withoutProxy } = policy;
  const text = `revision ${revision}, ${count(rules, 'rule')}, enforcement ${enforcement}${
    audit ? ', audit: nothing is dropped' : ''
  }`;
  if (problem !== undefined) return warning(`${text}; ${problem}`);
  if (withoutProxy > 0 && endpoints.length > 0) {
    return warning(
      `${text}; ${count(withoutProxy, 'endpoint')} with L7 rules, for which there is no proxy yet: that traffic is dropped`,
    );
  }
  return ok(text);
}

function addressSection({ addresses }: StatusFacts): Section {
  const text = addresses.map(({ family, used, of }) => `${family} ${used}/${of}`).join(', ');
  const full = addresses.some(({ used, of }) => used >= Number(of) * NEARLY);
  return full ? warning(`${text}: nearly used up`) : ok(text);
}

function eventSection({ events }: StatusFacts): Section {
  const { seen, stored, capacity, lost, missed, restarts, problem } = events;
  if (problem !== undefined)
    return { state: 'Failure', message: `no flows until their thread is started again: ${problem}` };
  const again = restarts === 0 ? '' : `, their thread started again ${restarts} times`;
  const text = `${seen} seen, ${stored} of ${capacity} flows in memory${again}`;
  if (lost === 0 && missed === 0) return ok(`${text}, none lost`);
  return warning(
    `${text}, ${lost} lost in the kernel, ${missed} overwritten before who follows had read them`,
  );
}

function controllerSection({ controllers }: StatusFacts): Section {
  const failing = controllers.filter(({ consecutiveFailures }) => consecutiveFailures >= FAILING);
  if (failing.length === 0) return ok(`${controllers.length}/${controllers.length} healthy`);
  return {
    state: 'Failure',
    message: failing.map(({ name, lastError }) => `${name}: ${lastError}`).join('; '),
  };
}

const ok = (message: string): Section => ({ state: 'Ok', message });
const warning = (message: string): Section => ({ state: 'Warning', message });
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
