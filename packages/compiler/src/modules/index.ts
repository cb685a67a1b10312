/** Running, compiling and building `.bpf.ts` modules. Needs the package `typescript`; what it builds does not. */
export type { Diagnostic } from '../frontend/report.ts';
export { formatDiagnostic } from '../frontend/report.ts';
export { type BuildOptions, type BuildResult, buildModule } from './build.ts';
export { type CompiledModule, compileModule } from './compile.ts';
export { CompileError } from './compile-error.ts';
export { bindingsOf, compileDeclaration } from './just-in-time.ts';
export { LoadedModule, loadModule } from './load.ts';
