/**
 * What running and writing modules needs of the TypeScript compiler: to take the types out of a file, to list what the rest
 * binds at its top level, and to find the function that a program is declared with. The frontend has a parser of its own;
 * like that one, this is the only file here that knows of `typescript`.
 */
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  isolatedModules: true,
};

/** Names are all that is wanted: comments, and the types in them, are not even looked at. */
const PARSING: ts.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.ES2022,
  jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
};

/** How to transpile. */
export interface TranspileOptions {
  /** Make relative imports of `.ts` files ones of `.js` files. */
  readonly rewriteImports?: boolean;
  /** Add the source map, so that stack traces have the lines of the source. */
  readonly sourceMap?: boolean;
}

/**
 * Turns a TypeScript module into JavaScript. Imports that only types needed are gone afterwards.
 * @throws SyntaxError with file, line and column of the first syntax error.
 */
export function transpile(
  path: string,
  text: string,
  { rewriteImports = false, sourceMap = false }: TranspileOptions = {},
): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      ...OPTIONS,
      rewriteRelativeImportExtensions: rewriteImports,
      inlineSourceMap: sourceMap,
      inlineSources: sourceMap,
    },
  });
  const [error] = diagnostics;
  if (error) throw new SyntaxError(describe(path, error));
  return outputText;
}

function describe(path: string, { file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, ' ');
  if (!file || start === undefined) return `${path}: ${message}`;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return `${path}:${line + 1}:${character + 1}: ${message}`;
}

/** The names that a JavaScript module binds at its top level: imports, variables, functions, classes. */
export function topLevelNames(javaScript: string): string[] {
  const source = ts.createSourceFile('module.ts', javaScript, PARSING, false, ts.ScriptKind.TS);
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) addImports(statement, names);
    else if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) addPattern(name, names);
    } else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name) {
      names.add(statement.name.text);
    }
  }
  return [...names];
}

function addImports({ importClause }: ts.ImportDeclaration, names: Set<string>): void {
  if (importClause?.name) names.add(importClause.name.text);
  const bindings = importClause?.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) names.add(bindings.name.text);
  if (bindings && ts.isNamedImports(bindings)) for (const { name } of bindings.elements) names.add(name.text);
}

function addPattern(name: ts.BindingName, names: Set<string>): void {
  if (ts.isIdentifier(name)) {
    names.add(name.text);
    return;
  }
  for (const element of name.elements) if (ts.isBindingElement(element)) addPattern(element.name, names);
}

/**
 * Replaces the function in the declarations of programs: `const name = xdp(FUNCTION)`. `isBody` says whether an argument
 * that is only a name means the function of the program called `program`.
 * @returns the text, and the names of `replacements` that were not found.
 */
export function replaceBodies(
  text: string,
  replacements: ReadonlyMap<string, string>,
  isBody: (program: string, argument: string) => boolean,
): { readonly text: string; readonly missing: readonly string[] } {
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TS);
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  const missing = new Set(replacements.keys());
  const declarations = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations]);
  for (const { name, initializer } of declarations) {
    if (!ts.isIdentifier(name) || !initializer) continue;
    const replacement = replacements.get(name.text);
    const call = withoutDecoration(initializer);
    if (replacement === undefined || !ts.isCallExpression(call)) continue;
    const body = call.arguments.find((argument) => {
      const bare = withoutDecoration(argument);
      if (ts.isIdentifier(bare)) return isBody(name.text, bare.text);
      return ts.isArrowFunction(bare) || ts.isFunctionExpression(bare);
    });
    if (!body) continue;
    edits.push({ start: body.getStart(source), end: body.end, text: replacement });
    missing.delete(name.text);
  }
  let result = text;
  for (const edit of edits.reverse()) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return { text: result, missing: [...missing] };
}

/** What an expression is apart from parentheses and what is only for the type checker. */
function withoutDecoration(node: ts.Expression): ts.Expression {
  if (ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node) || ts.isAsExpression(node)) {
    return withoutDecoration(node.expression);
  }
  return node;
}
