/** From a TypeScript module to the intermediate representation. */
export { type DiagnosticCode, diagnostics } from './diagnostics.ts';
export type { ModuleSource } from './module-source.ts';
export { type LoweredProgram, lowerProgram, programNames } from './program.ts';
export { type Diagnostic, formatDiagnostic } from './report.ts';
