/**
 * From text to syntax.ts, by the parser of the TypeScript compiler. This is the only file that knows of it: another parser
 * would take the place of this file. Only the parser is used; types are inferred from values later, and plain `tsc` checks
 * the file anyway.
 */
import ts from 'typescript';
import type { DiagnosticCode } from './diagnostics.ts';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Declaration,
  Expression,
  FunctionSyntax,
  Identifier,
  Import,
  LogicalOperator,
  ModuleSyntax,
  Pattern,
  Place,
  Statement,
  TypeSyntax,
  Unsupported,
} from './syntax.ts';

/** Parses a module. Syntax errors are in `errors`; the rest of the tree is then what the parser made of it. */
export function parseModule(path: string, text: string): ModuleSyntax {
  return new Parser(path, text).module();
}

const ARITHMETIC: ReadonlyMap<ts.SyntaxKind, ArithmeticOperator> = new Map([
  [ts.SyntaxKind.PlusToken, '+'],
  [ts.SyntaxKind.MinusToken, '-'],
  [ts.SyntaxKind.AsteriskToken, '*'],
  [ts.SyntaxKind.SlashToken, '/'],
  [ts.SyntaxKind.PercentToken, '%'],
  [ts.SyntaxKind.AmpersandToken, '&'],
  [ts.SyntaxKind.BarToken, '|'],
  [ts.SyntaxKind.CaretToken, '^'],
  [ts.SyntaxKind.LessThanLessThanToken, '<<'],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, '>>'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, '>>>'],
]);
const ASSIGNMENT: ReadonlyMap<ts.SyntaxKind, ArithmeticOperator> = new Map([
  [ts.SyntaxKind.PlusEqualsToken, '+'],
  [ts.SyntaxKind.MinusEqualsToken, '-'],
  [ts.SyntaxKind.AsteriskEqualsToken, '*'],
  [ts.SyntaxKind.SlashEqualsToken, '/'],
  [ts.SyntaxKind.PercentEqualsToken, '%'],
  [ts.SyntaxKind.AmpersandEqualsToken, '&'],
  [ts.SyntaxKind.BarEqualsToken, '|'],
  [ts.SyntaxKind.CaretEqualsToken, '^'],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, '<<'],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, '>>'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
]);
const COMPARISON: ReadonlyMap<ts.SyntaxKind, ComparisonOperator> = new Map([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '==='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.LessThanToken, '<'],
  [ts.SyntaxKind.LessThanEqualsToken, '<='],
  [ts.SyntaxKind.GreaterThanToken, '>'],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>='],
]);
const LOGICAL: ReadonlyMap<ts.SyntaxKind, LogicalOperator> = new Map([
  [ts.SyntaxKind.AmpersandAmpersandToken, '&&'],
  [ts.SyntaxKind.BarBarToken, '||'],
  [ts.SyntaxKind.QuestionQuestionToken, '??'],
]);

/** What is refused with a diagnostic of its own; all else is W101. */
const REFUSED: ReadonlyMap<ts.SyntaxKind, DiagnosticCode> = new Map([
  [ts.SyntaxKind.ThrowStatement, 'W104'],
  [ts.SyntaxKind.TryStatement, 'W104'],
  [ts.SyntaxKind.AwaitExpression, 'W105'],
  [ts.SyntaxKind.YieldExpression, 'W105'],
  [ts.SyntaxKind.NewExpression, 'W106'],
  [ts.SyntaxKind.ClassExpression, 'W106'],
  [ts.SyntaxKind.ClassDeclaration, 'W106'],
  [ts.SyntaxKind.FunctionDeclaration, 'W107'],
  [ts.SyntaxKind.MethodDeclaration, 'W107'],
  [ts.SyntaxKind.GetAccessor, 'W107'],
  [ts.SyntaxKind.SetAccessor, 'W107'],
  [ts.SyntaxKind.StringLiteral, 'W108'],
  [ts.SyntaxKind.NoSubstitutionTemplateLiteral, 'W108'],
  [ts.SyntaxKind.TemplateExpression, 'W108'],
  [ts.SyntaxKind.AsExpression, 'W110'],
  [ts.SyntaxKind.TypeAssertionExpression, 'W110'],
]);

class Parser {
  readonly file: string;
  readonly source: ts.SourceFile;

  constructor(path: string, text: string) {
    this.file = path;
    this.source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TS);
  }

  module(): ModuleSyntax {
    const functions = new Map<string, FunctionSyntax>();
    const bodies = new Map<string, FunctionSyntax | Identifier>();
    const methods = new Map<string, Map<string, FunctionSyntax>>();
    const mutable = new Set<string>();
    const types = new Map<string, TypeSyntax>();
    const imports = new Map<string, Import>();
    const reexports = new Map<string, Import>();
    const reexportsAll: string[] = [];
    const variables: string[] = [];
    for (const statement of this.source.statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name && statement.body) {
        functions.set(statement.name.text, this.function(statement, statement.name.text));
      } else if (ts.isVariableStatement(statement)) {
        const constant = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
        for (const { name, initializer } of statement.declarationList.declarations) {
          if (!ts.isIdentifier(name)) continue;
          variables.push(name.text);
          if (!constant) mutable.add(name.text);
          if (initializer) {
            this.initializer(name.text, initializer, functions, bodies);
            methods.set(name.text, this.methods(initializer));
          }
        }
      } else if (ts.isTypeAliasDeclaration(statement)) {
        types.set(statement.name.text, this.type(statement.type));
      } else if (ts.isImportDeclaration(statement)) {
        for (const [local, found] of importsOf(statement)) imports.set(local, found);
      } else if (ts.isExportDeclaration(statement)) {
        const specifier = statement.moduleSpecifier;
        const { exportClause } = statement;
        if (specifier && ts.isStringLiteral(specifier) && !exportClause) reexportsAll.push(specifier.text);
        else if (exportClause && ts.isNamedExports(exportClause)) {
          for (const { name, propertyName } of exportClause.elements) {
            const from = specifier && ts.isStringLiteral(specifier) ? specifier.text : '';
            reexports.set(name.text, { specifier: from, name: (propertyName ?? name).text });
          }
        }
      }
    }
    return {
      functions,
      bodies,
      methods,
      mutable,
      types,
      imports,
      reexports,
      reexportsAll,
      variables,
      errors: this.errors(),
    };
  }

  private initializer(
    name: string,
    initializer: ts.Expression,
    functions: Map<string, FunctionSyntax>,
    bodies: Map<string, FunctionSyntax | Identifier>,
  ): void {
    const value = withoutParentheses(initializer);
    if (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) {
      functions.set(name, this.function(value, name));
    } else if (ts.isCallExpression(value)) {
      for (const argument of value.arguments.map(withoutParentheses)) {
        if (ts.isArrowFunction(argument) || ts.isFunctionExpression(argument)) {
          bodies.set(name, this.function(argument, name));
        } else if (ts.isIdentifier(argument) && !bodies.has(name)) {
          bodies.set(name, { kind: 'identifier', place: this.place(argument), name: argument.text });
        }
      }
    }
  }

  private methods(initializer: ts.Expression): Map<string, FunctionSyntax> {
    const found = new Map<string, FunctionSyntax>();
    const call = withoutParentheses(initializer);
    const options = ts.isCallExpression(call) ? call.arguments.filter(ts.isObjectLiteralExpression) : [];
    const declared = options
      .flatMap(({ properties }) => properties)
      .filter(ts.isPropertyAssignment)
      .filter(({ name }) => ts.isIdentifier(name) && name.text === 'methods')
      .map(({ initializer }) => withoutParentheses(initializer))
      .filter(ts.isObjectLiteralExpression);
    for (const property of declared.flatMap(({ properties }) => properties)) {
      if (!property.name || !ts.isIdentifier(property.name)) continue;
      const { text } = property.name;
      const value = ts.isPropertyAssignment(property) ? withoutParentheses(property.initializer) : property;
      if (ts.isMethodDeclaration(value) || ts.isArrowFunction(value) || ts.isFunctionExpression(value)) {
        found.set(text, this.function(value, text));
      }
    }
    return found;
  }

  private errors(): { place: Place; message: string }[] {
    // The parser's own errors are on the file, but not in its public type.
    const file: ts.SourceFile & { readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[] } =
      this.source;
    return (file.parseDiagnostics ?? []).map(({ start, length, messageText }) => ({
      place: this.span(start, length),
      message: ts.flattenDiagnosticMessageText(messageText, ' '),
    }));
  }

  private function(node: ts.FunctionLikeDeclaration, name: string): FunctionSyntax {
    const { body } = node;
    const asynchronous = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
    const generator = node.asteriskToken !== undefined;
    const unsupported = this.unsupported(node, 'W105', asynchronous ? 'an async function' : 'a generator');
    return {
      kind: 'function',
      place: this.place(node),
      name,
      parameters: node.parameters.filter(isPassed).map((parameter) => ({
        place: this.place(parameter),
        pattern:
          parameter.initializer || parameter.dotDotDotToken || parameter.questionToken
            ? this.unsupported(parameter, 'W101', 'A parameter that may be left out')
            : this.pattern(parameter.name),
        ...(parameter.type ? { type: this.type(parameter.type) } : {}),
      })),
      ...(node.type ? { result: this.type(node.type) } : {}),
      ...(asynchronous || generator ? { unsupported } : {}),
      body: body === undefined ? [] : this.body(body),
    };
  }

  /** An arrow function's expression is what it returns. */
  private body(body: ts.ConciseBody): readonly Statement[] {
    if (ts.isBlock(body)) return this.statements(body.statements);
    return [{ kind: 'return', place: this.place(body), value: this.expression(body) }];
  }

  private statements(nodes: readonly ts.Statement[]): readonly Statement[] {
    return nodes.map((node) => this.statement(node));
  }

  private statement(node: ts.Statement, label?: string): Statement {
    const place = this.place(node);
    if (ts.isBlock(node)) return { kind: 'block', place, body: this.statements(node.statements) };
    if (ts.isVariableStatement(node)) return this.variables(node.declarationList);
    if (ts.isExpressionStatement(node)) {
      return { kind: 'expression', place, expression: this.expression(node.expression) };
    }
    if (ts.isIfStatement(node)) {
      return {
        kind: 'if',
        place,
        condition: this.expression(node.expression),
        whenTrue: this.statement(node.thenStatement),
        ...(node.elseStatement ? { whenFalse: this.statement(node.elseStatement) } : {}),
      };
    }
    if (ts.isForStatement(node)) return this.for(node, label);
    if (ts.isForOfStatement(node)) return this.forOf(node, label);
    if (ts.isWhileStatement(node) || ts.isDoStatement(node)) {
      return {
        kind: 'loop',
        place,
        ...this.endless(node.expression),
        body: this.statement(node.statement),
        testedAfter: ts.isDoStatement(node),
        ...(label === undefined ? {} : { label }),
      };
    }
    if (ts.isSwitchStatement(node)) {
      return {
        kind: 'switch',
        place,
        subject: this.expression(node.expression),
        clauses: node.caseBlock.clauses.map((clause) => ({
          place: this.place(clause),
          ...(ts.isCaseClause(clause) ? { test: this.expression(clause.expression) } : {}),
          body: this.statements(clause.statements),
        })),
      };
    }
    if (ts.isBreakStatement(node) || ts.isContinueStatement(node)) {
      const kind = ts.isBreakStatement(node) ? 'break' : 'continue';
      return { kind, place, ...(node.label ? { label: node.label.text } : {}) };
    }
    if (ts.isReturnStatement(node)) {
      return {
        kind: 'return',
        place,
        ...(node.expression ? { value: this.expression(node.expression) } : {}),
      };
    }
    if (ts.isLabeledStatement(node)) return this.statement(node.statement, node.label.text);
    if (ts.isEmptyStatement(node)) return { kind: 'empty', place };
    return this.refuse(node);
  }

  /** `while (true)` is a loop without a condition. */
  private endless(condition: ts.Expression): { condition?: Expression } {
    return condition.kind === ts.SyntaxKind.TrueKeyword ? {} : { condition: this.expression(condition) };
  }

  private for(node: ts.ForStatement, label: string | undefined): Statement {
    const { initializer } = node;
    let first: Statement | undefined;
    if (initializer) {
      first = ts.isVariableDeclarationList(initializer)
        ? this.variables(initializer)
        : { kind: 'expression', place: this.place(initializer), expression: this.expression(initializer) };
    }
    return {
      kind: 'loop',
      place: this.place(node),
      ...(first === undefined ? {} : { initializer: first }),
      ...(node.condition ? this.endless(node.condition) : {}),
      ...(node.incrementor ? { step: this.expression(node.incrementor) } : {}),
      body: this.statement(node.statement),
      testedAfter: false,
      ...(label === undefined ? {} : { label }),
    };
  }

  private forOf(node: ts.ForOfStatement, label: string | undefined): Statement {
    const { initializer, awaitModifier } = node;
    if (awaitModifier) return this.unsupported(node, 'W105', 'for await');
    if (!ts.isVariableDeclarationList(initializer)) return this.refuse(initializer);
    const variables = this.variables(initializer);
    const [declaration] = variables.kind === 'variables' ? variables.declarations : [];
    if (variables.kind !== 'variables' || declaration === undefined) return variables;
    return {
      kind: 'forOf',
      place: this.place(node),
      mutable: variables.mutable,
      pattern: declaration.pattern,
      iterable: this.expression(node.expression),
      body: this.statement(node.statement),
      ...(label === undefined ? {} : { label }),
    };
  }

  private variables(list: ts.VariableDeclarationList): Statement {
    const blockScoped = list.flags & ts.NodeFlags.BlockScoped;
    if (blockScoped === 0) return this.unsupported(list, 'W103', 'var');
    if (blockScoped !== ts.NodeFlags.Const && blockScoped !== ts.NodeFlags.Let) return this.refuse(list);
    return {
      kind: 'variables',
      place: this.place(list),
      mutable: blockScoped === ts.NodeFlags.Let,
      declarations: list.declarations.map(
        (node): Declaration => ({
          place: this.place(node),
          pattern: this.pattern(node.name),
          ...(node.type ? { type: this.type(node.type) } : {}),
          ...(node.initializer ? { value: this.expression(node.initializer) } : {}),
        }),
      ),
    };
  }

  private pattern(node: ts.BindingName): Pattern {
    const place = this.place(node);
    if (ts.isIdentifier(node)) return { kind: 'identifier', place, name: node.text };
    const fancy = node.elements.find(
      (element) => ts.isBindingElement(element) && (element.dotDotDotToken || element.initializer),
    );
    if (fancy) return this.unsupported(fancy, 'W101', 'A rest element or a default value');
    if (ts.isArrayBindingPattern(node)) {
      const elements = node.elements.map((element) =>
        ts.isBindingElement(element) ? this.pattern(element.name) : undefined,
      );
      return { kind: 'arrayPattern', place, elements };
    }
    const properties = [];
    for (const element of node.elements) {
      const name = element.propertyName ?? element.name;
      if (!ts.isIdentifier(name)) return this.unsupported(name, 'W101', 'A computed property');
      properties.push({ name: name.text, target: this.pattern(element.name), place: this.place(element) });
    }
    return { kind: 'objectPattern', place, properties };
  }

  private expression(node: ts.Expression): Expression {
    const place = this.place(node);
    if (ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node)) {
      return this.expression(node.expression);
    }
    if (ts.isIdentifier(node)) return { kind: 'identifier', place, name: node.text };
    if (ts.isNumericLiteral(node)) return this.number(node);
    if (ts.isBigIntLiteral(node)) {
      return { kind: 'constant', place, of: 'bigint', value: BigInt(node.text.replace(/n$/, '')) };
    }
    switch (node.kind) {
      case ts.SyntaxKind.ThisKeyword:
        return { kind: 'identifier', place, name: 'this' };
      case ts.SyntaxKind.TrueKeyword:
        return { kind: 'constant', place, of: 'boolean', value: 1n };
      case ts.SyntaxKind.FalseKeyword:
        return { kind: 'constant', place, of: 'boolean', value: 0n };
      case ts.SyntaxKind.NullKeyword:
        return { kind: 'null', place };
    }
    if (ts.isPropertyAccessExpression(node)) {
      if (!ts.isIdentifier(node.name)) return this.refuse(node);
      const optional = node.questionDotToken !== undefined;
      return {
        kind: 'member',
        place,
        object: this.expression(node.expression),
        name: node.name.text,
        optional,
      };
    }
    if (ts.isElementAccessExpression(node) && !node.questionDotToken) {
      const index = this.expression(node.argumentExpression);
      return { kind: 'element', place, object: this.expression(node.expression), index };
    }
    if (ts.isCallExpression(node) && !node.questionDotToken) {
      const args = node.arguments.map((argument) => this.expression(argument));
      return { kind: 'call', place, callee: this.expression(node.expression), args };
    }
    if (ts.isNonNullExpression(node)) {
      return { kind: 'nonNull', place, operand: this.expression(node.expression) };
    }
    if (ts.isConditionalExpression(node)) {
      return {
        kind: 'conditional',
        place,
        condition: this.expression(node.condition),
        whenTrue: this.expression(node.whenTrue),
        whenFalse: this.expression(node.whenFalse),
      };
    }
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return this.unary(node);
    if (ts.isBinaryExpression(node)) return this.binary(node);
    if (ts.isObjectLiteralExpression(node)) return this.object(node);
    if (ts.isArrayLiteralExpression(node)) {
      return { kind: 'array', place, elements: node.elements.map((element) => this.expression(element)) };
    }
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return this.function(node, 'callback');
    return this.refuse(node);
  }

  private number(node: ts.NumericLiteral): Expression {
    const value = Number(node.text);
    if (!Number.isInteger(value)) return this.unsupported(node, 'W109', node.getText(this.source));
    return { kind: 'constant', place: this.place(node), of: 'number', value: BigInt(value) };
  }

  private unary(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): Expression {
    const place = this.place(node);
    const operand = this.expression(node.operand);
    switch (node.operator) {
      case ts.SyntaxKind.PlusPlusToken:
      case ts.SyntaxKind.MinusMinusToken: {
        const operator = node.operator === ts.SyntaxKind.PlusPlusToken ? '+' : '-';
        return { kind: 'update', place, operator, prefix: ts.isPrefixUnaryExpression(node), target: operand };
      }
      case ts.SyntaxKind.MinusToken:
        if (operand.kind === 'constant') return { ...operand, place, value: -operand.value };
        return { kind: 'unary', place, operator: '-', operand };
      case ts.SyntaxKind.TildeToken:
        return { kind: 'unary', place, operator: '~', operand };
      case ts.SyntaxKind.ExclamationToken:
        return { kind: 'unary', place, operator: '!', operand };
      default:
        return this.unsupported(node, 'W101', 'Unary +');
    }
  }

  private binary(node: ts.BinaryExpression): Expression {
    const place = this.place(node);
    const token = node.operatorToken.kind;
    const left = this.expression(node.left);
    const right = this.expression(node.right);
    const arithmetic = ARITHMETIC.get(token);
    if (arithmetic) return { kind: 'arithmetic', place, operator: arithmetic, left, right };
    const comparison = COMPARISON.get(token);
    if (comparison) return { kind: 'comparison', place, operator: comparison, left, right };
    const logical = LOGICAL.get(token);
    if (logical) return { kind: 'logical', place, operator: logical, left, right };
    if (token === ts.SyntaxKind.EqualsToken) return { kind: 'assignment', place, target: left, value: right };
    const assignment = ASSIGNMENT.get(token);
    if (assignment) return { kind: 'assignment', place, operator: assignment, target: left, value: right };
    const loose = token === ts.SyntaxKind.EqualsEqualsToken || token === ts.SyntaxKind.ExclamationEqualsToken;
    const what = node.operatorToken.getText(this.source);
    return this.unsupported(
      node.operatorToken,
      loose ? 'W102' : 'W101',
      loose ? what : `The operator ${what}`,
    );
  }

  private object(node: ts.ObjectLiteralExpression): Expression {
    const properties = [];
    for (const property of node.properties) {
      const place = this.place(property);
      if (ts.isShorthandPropertyAssignment(property)) {
        const { text: name } = property.name;
        properties.push({ name, value: { kind: 'identifier', place, name } as const, place });
      } else if (ts.isPropertyAssignment(property) && ts.isIdentifier(property.name)) {
        properties.push({ name: property.name.text, value: this.expression(property.initializer), place });
      } else return this.refuse(property);
    }
    return { kind: 'object', place: this.place(node), properties };
  }

  private type(node: ts.TypeNode): TypeSyntax {
    const place = this.place(node);
    if (ts.isParenthesizedTypeNode(node)) return this.type(node.type);
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) {
      const args = (node.typeArguments ?? []).map((argument) => this.type(argument));
      return { kind: 'name', place, name: node.typeName.text, args };
    }
    if (ts.isTypeQueryNode(node) && ts.isIdentifier(node.exprName)) {
      return { kind: 'typeof', place, name: node.exprName.text };
    }
    if (ts.isUnionTypeNode(node)) {
      return { kind: 'union', place, members: node.types.map((member) => this.type(member)) };
    }
    if (ts.isLiteralTypeNode(node) && node.literal.kind === ts.SyntaxKind.NullKeyword) {
      return { kind: 'null', place };
    }
    if (node.kind === ts.SyntaxKind.VoidKeyword) return { kind: 'void', place };
    return { kind: 'other', place, text: node.getText(this.source) };
  }

  /** What the node is called, from the name of its kind: `ForOfStatement` becomes `For of statement`. */
  private refuse(node: ts.Node): Unsupported {
    const code = REFUSED.get(node.kind) ?? 'W101';
    const words = (ts.SyntaxKind[node.kind] ?? 'This').replace(/(?!^)([A-Z])/g, ' $1').toLowerCase();
    const name = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
    return this.unsupported(node, code, code === 'W101' ? name : node.getText(this.source).split('\n')[0]);
  }

  private unsupported(node: ts.Node, code: DiagnosticCode, what = ''): Unsupported {
    return { kind: 'unsupported', place: this.place(node), code, what };
  }

  private place(node: ts.Node): Place {
    const start = node.getStart(this.source);
    return this.span(start, node.end - start);
  }

  private span(start: number, length: number): Place {
    const { line, character } = this.source.getLineAndCharacterOfPosition(start);
    return { file: this.file, line: line + 1, column: character + 1, length };
  }
}

function importsOf({ importClause, moduleSpecifier }: ts.ImportDeclaration): [string, Import][] {
  if (!importClause || !ts.isStringLiteral(moduleSpecifier)) return [];
  const specifier = moduleSpecifier.text;
  const found: [string, Import][] = [];
  if (importClause.name) found.push([importClause.name.text, { specifier, name: 'default' }]);
  const bindings = importClause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) found.push([bindings.name.text, { specifier, name: '*' }]);
  if (bindings && ts.isNamedImports(bindings)) {
    for (const { name, propertyName } of bindings.elements) {
      found.push([name.text, { specifier, name: (propertyName ?? name).text }]);
    }
  }
  return found;
}

/** A parameter `this` is there for its type only. */
const isPassed = ({ name }: ts.ParameterDeclaration): boolean =>
  !ts.isIdentifier(name) || name.text !== 'this';

function withoutParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) || ts.isSatisfiesExpression(node)
    ? withoutParentheses(node.expression)
    : node;
}
