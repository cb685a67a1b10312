/**
 * Imported before a program (`node --import`): when the process ends, it writes which scripts were loaded, and which functions of the files
 * among them were called, to the file that the environment variable WHAT_RAN names.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
const scripts = [];
session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params.url));
session.post('Debugger.enable');
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
process.on('exit', () => {
  session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
    const functions = result
      .filter(({ url }) => url.startsWith('file:'))
      .flatMap(({ functions }) => functions)
      .filter(({ ranges: [{ count }] }) => count > 0)
      .map(({ functionName }) => functionName);
    writeFileSync(process.env.WHAT_RAN, JSON.stringify({ scripts, functions }));
  });
});
