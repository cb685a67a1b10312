/**
 * Golden programs: each file in golden/ is a program of the IR and, below it, the code that it becomes for the versions of the
 * processor. `WAGGLE_GOLDEN=update` rewrites the code; the difference is to be read.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseIr } from '../ir/parse.ts';
import { validateIr } from '../ir/validate.ts';
import { disassemble } from './disassemble.ts';
import { generate } from './generate.ts';

const folder = new URL('golden/', import.meta.url);

/** The code of a program; of both versions where they differ. */
function codeOf(text: string): string {
  const program = parseIr(text);
  validateIr(program);
  const [three, four] = [disassemble(generate(program)), disassemble(generate(program, { cpu: 4 }))];
  return three === four ? `=== code\n${three}` : `=== cpu 3\n${three}=== cpu 4\n${four}`;
}

for (const name of readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
  test(`golden: ${name}`, () => {
    const file = new URL(name, folder);
    const [source = '', ...rest] = readFileSync(file, 'utf8').split(/^(?==== )/m);
    const code = codeOf(source);
    if (process.env.WAGGLE_GOLDEN === 'update') writeFileSync(file, `${source.trimEnd()}\n\n${code}`);
    else assert.equal(code, rest.join(''));
  });
}
