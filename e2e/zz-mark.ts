import { readFileSync } from 'node:fs';
import { lowerProgram } from '../packages/compiler/src/frontend/index.ts';
import { programOf } from '../packages/compiler/src/frontend/testing/module.ts';
import { scope, before } from '../packages/compiler/src/frontend/testing/refusals.ts';
for (const line of readFileSync('/tmp/rnd/cases.txt', 'utf8').trim().split('\n')) {
  const at = line.indexOf('|'); const code = line.slice(0, at), body = line.slice(at + 1);
  let found; try { found = lowerProgram(programOf(body, scope, before), 'program').diagnostics; } catch (e) { console.log('CRASH', body, e); continue; }
  const lines = before.split('\n').length;
  const ours = found.filter((d) => d.line === lines + 2 || true);
  const ok = ours.length >= 1 && ours.every((d) => d.code === code && d.line === lines + 2);
  let text = body; for (const d of [...ours].sort((a, b) => b.column - a.column)) if (d.line === lines + 2) text = text.slice(0, d.column - 1) + `/*${d.code}*/` + text.slice(d.column - 1);
  console.log((ok ? 'OK   ' : 'DIFF ') + code + ' ' + text + (ok ? '' : '   <<< ' + ours.map((d) => `${d.code}:${d.line}:${d.column} ${d.message}`).join(' ; ')));
}
