/** `waggle monitor`: what happens to packets and in the agent, as it happens. */
import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { addExamples } from './examples.ts';
import { collect } from './group.ts';
import type { MonitorOptions } from './monitor-actions.ts';

/** Adds the command. */
export function addMonitor(program: Command, context: Context): void {
  addExamples(
    program
      .command('monitor')
      .description(
        'show packets that are dropped, verdicts of policies, packets that are seen, and what the agent does',
      )
      .option('-t, --type <type>', 'only drop, trace, policy-verdict or agent; may be given again', collect)
      .option('--from <id>', 'only packets from an endpoint; may be given again', collect)
      .option('--to <id>', 'only packets to an endpoint; may be given again', collect)
      .option('--related-to <id>', 'only events about an endpoint; may be given again', collect)
      .option('-n, --count <number>', 'end after so many events')
      .option('-v, --verbose', 'with labels, rules, and the headers of packets')
      .option('--hex', 'with the bytes of packets')
      .option('--socket <path>', "the agent's socket (default: $WAGGLE_SOCKET, else /run/waggle/agent.sock)")
      .addOption(
        new Option('-o, --output <format>', 'how to print; json: an event a line')
          .choices(['text', 'json'])
          .default('text'),
      ),
    ['waggle monitor'],
    ['waggle monitor -t drop', 'only what is dropped, and by which rule'],
    ['waggle monitor --related-to 12 -v', 'one endpoint, in detail'],
    ['waggle monitor -o json | jq .packet.ip', 'for programs'],
  ).action(async (options: MonitorOptions) =>
    (await import('./monitor-actions.ts')).monitor(options, context),
  );
}
