/** The syntax tree. Kinds are named as in Python's `ast`, because messages name them. Lines count from 1, columns from 0. */
import type { PyInt } from '../../pickle/index.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}
export type Context = 'Load' | 'Store' | 'Del';

export type Name = Position & { kind: 'Name'; id: string; ctx: Context };
type Starred = Position & { kind: 'Starred'; value: Expr };
type Sequence = Position & { kind: 'Tuple' | 'List'; elts: Expr[]; ctx: Context };
type Attribute = Position & { kind: 'Attribute'; value: Expr; attr: string; ctx: Context };
type Subscript = Position & { kind: 'Subscript'; value: Expr; slice: Expr; ctx: Context };
export type Comprehension = { target: Expr; iter: Expr; ifs: Expr[]; async: boolean };
type ListLikeComp = Position & {
  kind: 'ListComp' | 'SetComp' | 'GeneratorExp';
  elt: Expr;
  generators: Comprehension[];
};
type DictComp = Position & { kind: 'DictComp'; key: Expr; value: Expr; generators: Comprehension[] };
export type Keyword = Position & { arg: string | undefined; value: Expr };
type Call = Position & { kind: 'Call'; func: Expr; args: Expr[]; keywords: Keyword[] };
export type Lambda = Position & { kind: 'Lambda'; args: Arguments; body: Expr };
type FormattedValue = Position & {
  kind: 'FormattedValue';
  value: Expr;
  conversion: string;
  spec: JoinedStr | undefined;
};
export type JoinedStr = Position & { kind: 'JoinedStr'; values: Expr[] };

export type Expr =
  | (Position & { kind: 'Constant'; value: ConstantValue })
  | Name
  | Starred
  | Sequence
  | Attribute
  | Subscript
  | ListLikeComp
  | DictComp
  | Call
  | Lambda
  | FormattedValue
  | JoinedStr
  | (Position & { kind: 'Set'; elts: Expr[] })
  | (Position & { kind: 'Dict'; keys: (Expr | undefined)[]; values: Expr[] })
  | (Position & { kind: 'BinOp'; op: string; left: Expr; right: Expr })
  | (Position & { kind: 'UnaryOp'; op: string; operand: Expr })
  | (Position & { kind: 'BoolOp'; op: 'and' | 'or'; values: Expr[] })
  | (Position & { kind: 'Compare'; left: Expr; ops: string[]; comparators: Expr[] })
  | (Position & { kind: 'IfExp'; test: Expr; body: Expr; orelse: Expr })
  | (Position & { kind: 'NamedExpr'; target: Name; value: Expr })
  | (Position & { kind: 'Slice'; lower: Expr | undefined; upper: Expr | undefined; step: Expr | undefined })
  | (Position & { kind: 'Yield'; value: Expr | undefined })
  | (Position & { kind: 'YieldFrom'; value: Expr })
  | (Position & { kind: 'Await'; value: Expr });

type ConstantValue =
  | { type: 'int'; value: PyInt }
  | { type: 'float'; value: number }
  | { type: 'imaginary'; value: number }
  | { type: 'str'; value: string }
  | { type: 'bytes'; value: Uint8Array }
  | { type: 'word'; value: 'None' | 'True' | 'False' | 'Ellipsis' };

export interface Arg extends Position {
  readonly arg: string;
  readonly annotation: Expr | undefined;
}
export interface Arguments {
  readonly posonly: Arg[];
  readonly args: Arg[];
  readonly defaults: Expr[];
  readonly vararg: Arg | undefined;
  readonly kwonly: Arg[];
  readonly kwDefaults: (Expr | undefined)[];
  readonly kwarg: Arg | undefined;
}

export type FunctionDef = Position & {
  kind: 'FunctionDef';
  name: string;
  args: Arguments;
  body: Stmt[];
  decorators: Expr[];
  returns: Expr | undefined;
};
type ClassDef = Position & {
  kind: 'ClassDef';
  name: string;
  bases: Expr[];
  keywords: Keyword[];
  body: Stmt[];
  decorators: Expr[];
};
export type Handler = Position & { type: Expr | undefined; name: string | undefined; body: Stmt[] };
export type Alias = Position & { name: string; asname: string | undefined };

export type Stmt =
  | FunctionDef
  | ClassDef
  | (Position & { kind: 'Expr'; value: Expr })
  | (Position & { kind: 'Assign'; targets: Expr[]; value: Expr })
  | (Position & { kind: 'AugAssign'; target: Expr; op: string; value: Expr })
  | (Position & { kind: 'Delete'; targets: Expr[] })
  | (Position & { kind: 'If' | 'While'; test: Expr; body: Stmt[]; orelse: Stmt[] })
  | (Position & { kind: 'For'; target: Expr; iter: Expr; body: Stmt[]; orelse: Stmt[] })
  | (Position & { kind: 'Try'; body: Stmt[]; handlers: Handler[]; orelse: Stmt[]; finalbody: Stmt[] })
  | (Position & { kind: 'With'; items: { context: Expr; vars: Expr | undefined }[]; body: Stmt[] })
  | (Position & { kind: 'Return'; value: Expr | undefined })
  | (Position & { kind: 'Raise'; exc: Expr | undefined; cause: Expr | undefined })
  | (Position & { kind: 'Assert'; test: Expr; msg: Expr | undefined })
  | (Position & { kind: 'Import'; names: Alias[] })
  | (Position & { kind: 'ImportFrom'; module: string | undefined; names: Alias[]; level: number })
  | (Position & { kind: 'Global'; names: string[] })
  | (Position & { kind: 'Pass' | 'Break' | 'Continue' })
  /** Statements that the subset does not have. They are parsed to be named. */
  | (Position & {
      kind: 'Nonlocal' | 'AsyncFunctionDef' | 'AsyncFor' | 'AsyncWith' | 'TryStar' | 'Match' | 'AnnAssign';
    });

/** An expression whose parts all belong to the scope that it stands in: no comprehension and no lambda. */
type Scoped = Exclude<Expr, ListLikeComp | DictComp | Lambda>;

/** The expressions in an expression, in the order of the source. Throws for a kind that it does not know. */
export function partsOf(e: Scoped): readonly (Expr | undefined)[] {
  switch (e.kind) {
    case 'Constant':
    case 'Name':
      return [];
    case 'Attribute':
    case 'Starred':
    case 'Await':
    case 'Yield':
    case 'YieldFrom':
      return [e.value];
    case 'Subscript':
      return [e.value, e.slice];
    case 'Slice':
      return [e.lower, e.upper, e.step];
    case 'Tuple':
    case 'List':
    case 'Set':
      return e.elts;
    case 'Dict':
      return [...e.keys, ...e.values];
    case 'Call':
      return [e.func, ...e.args, ...e.keywords.map(({ value }) => value)];
    case 'BinOp':
      return [e.left, e.right];
    case 'UnaryOp':
      return [e.operand];
    case 'BoolOp':
    case 'JoinedStr':
      return e.values;
    case 'Compare':
      return [e.left, ...e.comparators];
    case 'IfExp':
      return [e.test, e.body, e.orelse];
    case 'NamedExpr':
      return [e.target, e.value];
    case 'FormattedValue':
      return [e.value, e.spec];
    default:
      throw new Error(`the parts of an expression of kind ${(e as Expr).kind} are not known`);
  }
}
