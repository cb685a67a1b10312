/** Modules that exist only in memory, checked by the TypeScript compiler with the options of the tests. */
import { join } from 'node:path';
import ts from 'typescript';

const root = new URL('../..', import.meta.url).pathname;

/** Something that the TypeScript compiler has to say, with the line where it is. */
export interface Problem {
  /** The path of the module. */
  readonly path: string;
  /** The number of the line, from 1, and its text. */
  readonly line: number;
  readonly source: string;
  readonly message: string;
}

/**
 * What `tsc` says of modules, given by paths in the root of the repository, from which their imports are resolved. They need not use
 * all that they declare. With `declarations`, their types can also be written down, as a package does that others import.
 */
export function typeCheck(
  modules: ReadonlyMap<string, string>,
  { declarations = false }: { readonly declarations?: boolean } = {},
): Problem[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.tests.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const settings = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    declaration: declarations,
  };
  const sources = new Map([...modules].map(([path, text]) => [join(root, path), text]));
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...sources.keys()], settings, host);
  return [...modules].flatMap(([path, text]) => {
    const file = program.getSourceFile(join(root, path));
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
      ...(declarations ? program.getDeclarationDiagnostics(file) : []),
    ];
    return found.map(({ start = 0, messageText }) => {
      const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      const source = text.split('\n')[line]?.trim() ?? '';
      return { path, line: line + 1, source, message: ts.flattenDiagnosticMessageText(messageText, '\n') };
    });
  });
}
