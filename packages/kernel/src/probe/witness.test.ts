/** bpftool's own probes as a witness: where both know a type, both must say the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { mapTypes, programTypes } from '@waggle/bpf';
import { needsRoot } from '../testing/lab.ts';
import { probe } from './catalogue.ts';

/** bpftool knows one tracing type, and tries it as fentry. */
const rowsItDoesNotTry = ['btfTracepoint', 'fexit', 'iterator'];
/** Types that bpftool 7.1 tries otherwise than the kernel wants them now, so its "no" means nothing. */
const UNSURE = /storage|struct_ops|sk_lookup|syscall|netfilter/;

interface Answers {
  readonly map_types: Readonly<Record<string, boolean>>;
  readonly program_types: Readonly<Record<string, boolean>>;
}

function ask(): Answers | undefined {
  const { stdout, error } = spawnSync('bpftool', ['-j', 'feature', 'probe', 'kernel'], { encoding: 'utf8' });
  return error || !stdout.startsWith('{') ? undefined : (JSON.parse(stdout) as Answers);
}

const answers = needsRoot === false ? ask() : undefined;
const skip = needsRoot || (answers === undefined ? 'bpftool is not installed' : false);

describe('bpftool agrees', { skip }, () => {
  const kinds = [
    ['map', 'map_types', mapTypes, 'BPF_MAP_TYPE_'],
    ['program', 'program_types', programTypes, 'BPF_PROG_TYPE_'],
  ] as const;
  for (const [kind, field, table, prefix] of kinds) {
    test(`on ${kind} types`, () => {
      let compared = 0;
      for (const [type, { kernelName }] of Object.entries(table)) {
        const name = kernelName.replace(prefix, '').toLowerCase();
        const theirs = answers?.[field][`have_${name}_${kind === 'map' ? 'map' : 'prog'}_type`];
        if (theirs === undefined || rowsItDoesNotTry.includes(type)) continue;
        if (!theirs && UNSURE.test(name)) continue;
        compared++;
        assert.equal(probe(`${kind} ${type}`).available, theirs, `${kind} ${type}`);
      }
      assert.ok(compared >= 20, `only ${compared} types compared`);
    });
  }
});
