/** What is wrong with the source of a DTML template. */
import { Exception, registerException } from '../../restricted/index.ts';

export class ParseError extends Exception {
  readonly code = 'DTML_PARSE';
  /** What is wrong, without the place. */
  readonly problem: string;
  /** The tag as it stands in the source. */
  readonly tag: string;
  /** Line of the tag, from 1; 0 until it is known. */
  readonly line: number;
  /** Where the tag begins in the source; undefined until it is known. The message may name the line of its end instead, as Python does. */
  offset: number | undefined = undefined;

  constructor(problem: string, tag: string, line = 0, name = '') {
    super(line === 0 ? problem : `${problem}, for tag ${tag}, on line ${line} of ${name}`);
    this.problem = problem;
    this.tag = tag;
    this.line = line;
  }
}
registerException(ParseError as never, 'ParseError');

/** What is no Python in `expr="…"`: the original tells of it as Python does, unlike of the short form `"…"`. */
export class ExpressionSyntaxError extends ParseError {}
registerException(ExpressionSyntaxError as never, 'SyntaxError');

/** What is no Python in a `let` tag: a TypeError in the original. */
export class LetExpressionError extends ParseError {}
registerException(LetExpressionError as never, 'TypeError');

/** Ends the rendering of a template with a value. */
export class Returned {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}
