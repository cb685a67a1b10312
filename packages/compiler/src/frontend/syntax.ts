/**
 * The syntax tree of what can be compiled: a small part of TypeScript, as plain data. typescript.ts makes it from text; all
 * that follows knows nothing of the parser. Syntax that has no meaning in a program of the kernel becomes `unsupported`,
 * and is reported only when it stands in a function that is compiled: the rest of a module is ordinary TypeScript.
 */
import type { DiagnosticCode } from './diagnostics.ts';

/** Where a node stands: line and column from 1, and its length in characters. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** Syntax that cannot be compiled, and why. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly place: Place;
  readonly code: DiagnosticCode;
  readonly what: string;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>';
export type ComparisonOperator = '===' | '!==' | '<' | '<=' | '>' | '>=';
export type LogicalOperator = '&&' | '||' | '??';

export interface Identifier {
  readonly kind: 'identifier';
  readonly place: Place;
  readonly name: string;
}

/** `object.name`, or `object?.name`. */
export interface Member {
  readonly kind: 'member';
  readonly place: Place;
  readonly object: Expression;
  readonly name: string;
  readonly optional: boolean;
}

/** `object[index]`. */
export interface Element {
  readonly kind: 'element';
  readonly place: Place;
  readonly object: Expression;
  readonly index: Expression;
}

export interface Call {
  readonly kind: 'call';
  readonly place: Place;
  readonly callee: Expression;
  readonly args: readonly Expression[];
}

export interface ObjectLiteral {
  readonly kind: 'object';
  readonly place: Place;
  readonly properties: readonly {
    readonly name: string;
    readonly value: Expression;
    readonly place: Place;
  }[];
}

export interface Assignment {
  readonly kind: 'assignment';
  readonly place: Place;
  /** Absent: a plain `=`. */
  readonly operator?: ArithmeticOperator;
  readonly target: Expression;
  readonly value: Expression;
}

export type Expression =
  /** A constant: `of` is what `typeof` says of it. */
  | {
      readonly kind: 'constant';
      readonly place: Place;
      readonly of: 'number' | 'bigint' | 'boolean';
      readonly value: bigint;
    }
  | { readonly kind: 'null'; readonly place: Place }
  | Identifier
  | Member
  | Element
  | Call
  | ObjectLiteral
  | { readonly kind: 'array'; readonly place: Place; readonly elements: readonly Expression[] }
  | {
      readonly kind: 'unary';
      readonly place: Place;
      readonly operator: '-' | '~' | '!';
      readonly operand: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly place: Place;
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'comparison';
      readonly place: Place;
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'logical';
      readonly place: Place;
      readonly operator: LogicalOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly place: Place;
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    }
  | Assignment
  /** `++` and `--`. */
  | {
      readonly kind: 'update';
      readonly place: Place;
      readonly operator: '+' | '-';
      readonly prefix: boolean;
      readonly target: Expression;
    }
  /** `operand!`. */
  | { readonly kind: 'nonNull'; readonly place: Place; readonly operand: Expression }
  /** Only as an argument of what calls it at once: locked(), loop(), forEach(). */
  | FunctionSyntax
  | Unsupported;

/** What the left side of a declaration binds. */
export type Pattern =
  | Identifier
  | {
      readonly kind: 'objectPattern';
      readonly place: Place;
      readonly properties: readonly {
        readonly name: string;
        readonly target: Pattern;
        readonly place: Place;
      }[];
    }
  | {
      readonly kind: 'arrayPattern';
      readonly place: Place;
      readonly elements: readonly (Pattern | undefined)[];
    }
  | Unsupported;

export interface Declaration {
  readonly place: Place;
  readonly pattern: Pattern;
  readonly type?: TypeSyntax;
  readonly value?: Expression;
}

export interface SwitchClause {
  readonly place: Place;
  /** Absent: `default`. */
  readonly test?: Expression;
  readonly body: readonly Statement[];
}

export type Statement =
  | { readonly kind: 'block'; readonly place: Place; readonly body: readonly Statement[] }
  | {
      readonly kind: 'variables';
      readonly place: Place;
      readonly mutable: boolean;
      readonly declarations: readonly Declaration[];
    }
  | { readonly kind: 'expression'; readonly place: Place; readonly expression: Expression }
  | {
      readonly kind: 'if';
      readonly place: Place;
      readonly condition: Expression;
      readonly whenTrue: Statement;
      readonly whenFalse?: Statement;
    }
  | {
      /** `for`, `while` and `do`; a loop without condition goes on until a `break`. */
      readonly kind: 'loop';
      readonly place: Place;
      readonly initializer?: Statement;
      readonly condition?: Expression;
      readonly step?: Expression;
      readonly body: Statement;
      /** The body comes before the first test. */
      readonly testedAfter: boolean;
      readonly label?: string;
    }
  | {
      /** `for (const pattern of iterable)`. */
      readonly kind: 'forOf';
      readonly place: Place;
      readonly mutable: boolean;
      readonly pattern: Pattern;
      readonly iterable: Expression;
      readonly body: Statement;
      readonly label?: string;
    }
  | {
      readonly kind: 'switch';
      readonly place: Place;
      readonly subject: Expression;
      readonly clauses: readonly SwitchClause[];
    }
  | {
      readonly kind: 'break' | 'continue';
      readonly place: Place;
      readonly label?: string;
    }
  | { readonly kind: 'return'; readonly place: Place; readonly value?: Expression }
  | { readonly kind: 'empty'; readonly place: Place }
  | Unsupported;

/** A type annotation, as far as programs know types. */
export type TypeSyntax =
  | {
      readonly kind: 'name';
      readonly place: Place;
      readonly name: string;
      readonly args: readonly TypeSyntax[];
    }
  /** `typeof name`. */
  | { readonly kind: 'typeof'; readonly place: Place; readonly name: string }
  | { readonly kind: 'union'; readonly place: Place; readonly members: readonly TypeSyntax[] }
  | { readonly kind: 'null'; readonly place: Place }
  | { readonly kind: 'void'; readonly place: Place }
  | { readonly kind: 'other'; readonly place: Place; readonly text: string };

export interface ParameterSyntax {
  readonly place: Place;
  readonly pattern: Pattern;
  readonly type?: TypeSyntax;
}

export interface FunctionSyntax {
  readonly kind: 'function';
  readonly place: Place;
  readonly name: string;
  readonly parameters: readonly ParameterSyntax[];
  readonly result?: TypeSyntax;
  /** Set when the function is something that programs cannot have: `async`, a generator. */
  readonly unsupported?: Unsupported;
  readonly body: readonly Statement[];
}

/** A name that a module imports: from where, and what it is called there; `*` for all of it. */
export interface Import {
  readonly specifier: string;
  readonly name: string;
}

/** What a module says at its top level. */
export interface ModuleSyntax {
  readonly functions: ReadonlyMap<string, FunctionSyntax>;
  /** Functions that are an argument of the call which makes a variable: the bodies of programs. */
  readonly bodies: ReadonlyMap<string, FunctionSyntax | Identifier>;
  /** Functions in the `methods` of an argument of the call which makes a variable: those of a struct. */
  readonly methods: ReadonlyMap<string, ReadonlyMap<string, FunctionSyntax>>;
  /** Top-level names that are declared with `let` or `var`. */
  readonly mutable: ReadonlySet<string>;
  readonly types: ReadonlyMap<string, TypeSyntax>;
  readonly imports: ReadonlyMap<string, Import>;
  /** `export { name } from …` by exported name. */
  readonly reexports: ReadonlyMap<string, Import>;
  /** `export * from …`. */
  readonly reexportsAll: readonly string[];
  /** Names of all top-level variables, in the order of the text. */
  readonly variables: readonly string[];
  readonly errors: readonly { readonly place: Place; readonly message: string }[];
}
