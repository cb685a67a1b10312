/** An agent as a process of its own, from sources, that can be killed: takes its options as JSON, and says when it is ready. */
export {};

await import('@waggle/compiler/register');
const { parseAgentOptions, startAgent } = await import('@waggle/agent');

await startAgent(parseAgentOptions(JSON.parse(process.argv[2] ?? '{}')));
process.stdout.write('ready\n');
