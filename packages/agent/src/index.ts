/** The daemon on a host. */
export { Agent } from './agent.ts';
export { controlOf } from './agent-control.ts';
export type { AgentEvent, AgentHooks } from './agent-hooks.ts';
export { type PlanItem, planAgent } from './agent-plan.ts';
export { type ApiServer, type ApiServerOptions, serveApi } from './api/server.ts';
export { type CleanUpItem, type CleanUpOptions, cleanUp } from './clean-up.ts';
export * from './control.ts';
export {
  type AgentOptions,
  type AgentOptionsInput,
  AgentOptionsSchema,
  DEFAULT_IPV4_POOL,
  DEFAULT_IPV6_POOL,
  DEFAULT_PINS,
  DEFAULT_RUN_DIRECTORY,
  DEFAULT_STATE_DIRECTORY,
  parseAgentOptions,
  socketOf,
} from './options.ts';
export { type RunningAgent, runAgent, startAgent } from './run-agent.ts';
