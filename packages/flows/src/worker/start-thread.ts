/**
 * Starts the thread of flows. Built, that is its module; from the sources (tests, the demo in a checkout) the loader of TypeScript has
 * to be registered there first, which Node 20 does not do for threads by itself.
 */
import { Worker } from 'node:worker_threads';

const isSource = import.meta.url.endsWith('.ts');
const program = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url);

const FROM_SOURCE = `import('tsx/esm/api').then(({ register }) => {
  register();
  return import(${JSON.stringify(program.href)});
});`;

export const startThread = (): Worker =>
  isSource ? new Worker(FROM_SOURCE, { name: 'flows', eval: true }) : new Worker(program, { name: 'flows' });
