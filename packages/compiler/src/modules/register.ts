/**
 * `node --import @waggle/compiler/register app.js`: local TypeScript can be imported as it is, and programs are compiled
 * when they are loaded. Nothing has to be built; in return, the process needs the package `typescript`.
 */
import { provideCompiler } from '@waggle/bpf';
import { compileDeclaration } from './just-in-time.ts';
import { registerHooks } from './load.ts';

process.setSourceMapsEnabled(true);
registerHooks({ everything: true });
provideCompiler(compileDeclaration);
