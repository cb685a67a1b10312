/**
 * Golden programs: each file in golden/ is named after a pass, and is a program of the IR that shows what the pass is for;
 * below stands what the pass makes of it. `WAGGLE_GOLDEN=update` rewrites that; the difference is to be read.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseIr } from '../ir/parse.ts';
import { printIr } from '../ir/print.ts';
import { validateIr } from '../ir/validate.ts';
import { passes } from './optimize.ts';

const folder = new URL('golden/', import.meta.url);
const fileOf = (name: string): string =>
  `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.txt`;

for (const pass of passes) {
  test(`golden: ${pass.name}`, () => {
    const file = new URL(fileOf(pass.name), folder);
    const [source = '', expected] = readFileSync(file, 'utf8').split(/^=== after\n/m);
    const program = parseIr(source);
    validateIr(program);
    const after = pass.run(program);
    validateIr(after);
    assert.notEqual(after, program, 'the pass finds nothing to do');
    assert.equal(pass.run(after), after, 'a second time, there is nothing left to do');
    const text = printIr(after);
    if (process.env.WAGGLE_GOLDEN === 'update')
      writeFileSync(file, `${source.trimEnd()}\n\n=== after\n${text}`);
    else assert.equal(text, expected);
  });
}
