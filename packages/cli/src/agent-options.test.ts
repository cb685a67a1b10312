import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AgentOptionsSchema, parseAgentOptions } from '@waggle/agent';
import { Command } from 'commander';
import { addAgent, addCleanup } from './agent.ts';
import { givenOptions, readAgentFile } from './agent-options.ts';
import { commandTree } from './command-tree.ts';
import { ExitCode } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-agent-options-'));
after(() => rmSync(folder, { recursive: true }));

function commandOf(name: 'agent' | 'cleanup', ...args: string[]): Command {
  const nowhere = { write: () => undefined };
  const program = new Command('waggle').exitOverride().configureOutput({ writeErr: () => undefined });
  const context = { stdout: nowhere, stderr: nowhere, exitCode: ExitCode.ok, errorCode: ExitCode.failure };
  addAgent(program, context);
  addCleanup(program, context);
  const command = program.commands.find((each) => each.name() === name);
  assert.ok(command);
  command.action(() => {});
  program.parse([name, ...args], { from: 'user' });
  return command;
}

describe('the options of waggle agent', () => {
  test('are all those that the agent has', () => {
    const others = ['config', 'dry-run', 'output', 'help'];
    const flags = commandTree(commandOf('agent')).options.map(({ long }) => long.replace(/^--(no-)?/, ''));
    const known = [...new Set(flags)].filter((name) => !others.includes(name));
    assert.deepEqual(known.sort(), Object.keys(AgentOptionsSchema.shape).sort());
  });

  test('say the defaults that the agent has', () => {
    const { help } = commandTree(commandOf('agent'));
    const said = help.replaceAll(/\n {10,}/g, ' ');
    const defaults = parseAgentOptions({});
    for (const name of [
      'state-dir',
      'run-dir',
      'pins',
      'ipv4-pool',
      'ipv6-pool',
      'max-connections',
      'mtu',
    ] as const)
      assert.match(said, new RegExp(`--${name} <.*\\(default: ${defaults[name]}\\)`), name);
    for (const name of ['enforcement', 'log-level', 'log-format'] as const)
      assert.match(said, new RegExp(`--${name} <.*\\(default: ${defaults[name]}[,)]`), name);
  });

  test('are those that are given, and no others', () => {
    assert.deepEqual(givenOptions(commandOf('agent')), {});
    const given = ['--device', 'eth1', '--device', 'eth2', '--no-masquerade', '--mtu', '9000', '--no-audit'];
    assert.deepEqual(givenOptions(commandOf('agent', ...given, '--dry-run', '-o', 'json')), {
      device: ['eth1', 'eth2'],
      masquerade: false,
      mtu: 9000,
      audit: false,
    });
    assert.deepEqual(givenOptions(commandOf('cleanup', '--pins', '/x', '--state')), { pins: '/x' });
  });

  test('are numbers where they have to be', () => {
    assert.throws(() => commandOf('agent', '--mtu', 'large'), /It is a whole number/);
  });
});

describe('a file of options', () => {
  const file = (text: string): string => {
    const path = join(folder, 'agent.yaml');
    writeFileSync(path, text);
    return path;
  };

  test('has them by their long names', () => {
    const options = readAgentFile(file('device: [eth1]\nmasquerade: false\nmtu: 9000\n'));
    assert.deepEqual(options, { device: ['eth1'], masquerade: false, mtu: 9000 });
    assert.equal(parseAgentOptions(options).mtu, 9000);
    assert.deepEqual(readAgentFile(file('# nothing\n')), {});
  });

  test('that cannot be understood is refused with its name', () => {
    assert.throws(() => readAgentFile(file('- eth1\n')), /agent\.yaml holds no options\. It is YAML/);
    assert.throws(() => readAgentFile(file('device: [eth1\n')), /agent\.yaml is no YAML: .* line \d/);
    assert.throws(() => readAgentFile(join(folder, 'none.yaml')), /none\.yaml cannot be read/);
  });
});
