/** `dtml-try` and `dtml-raise`. */
import { Dict } from '../../pickle/index.ts';
import { HTTPException, httpExceptionByName } from '../../paste/index.ts';
import {
  alive,
  AttributeError,
  call,
  callDepth,
  caught,
  Exception,
  exceptionTypes,
  type PyError,
  PyType,
  registerException,
  restoreCallDepth,
  RuntimeError,
  type PyType as Type,
  typeName,
  typeOf,
  Unauthorized,
} from '../../restricted/index.ts';
import { ParseError, Returned } from './errors.ts';
import { Bindings } from './namespace.ts';
import { nameParameter, parseParameters } from './parameters.ts';
import { type BlockTag, type Part, renderParts } from './render.ts';

class InvalidErrorTypeExpression extends Exception {}
registerException(InvalidErrorTypeExpression, 'InvalidErrorTypeExpression');

/** An exception of a name and a text, as the publisher answers it; undefined for a name that is none. */
function exceptionOf(name: string, text: string): Error | undefined {
  if (name === 'Unauthorized') return new Unauthorized(text);
  const type = exceptionTypes.get(name);
  if (type !== undefined) return call(type, [text]) as Error;
  return httpExceptionByName(name, text);
}

export const raiseBlock: BlockTag = {
  continuations: [],
  make([section]) {
    const { name, expression } = nameParameter(parseParameters(section!.args, { type: '', expr: '' }), {
      attribute: 'type',
    });
    return (namespace) => {
      let type: unknown;
      if (expression !== undefined) {
        try {
          type = expression(namespace);
        } catch (error) {
          caught(error);
          type = undefined;
        }
      }
      let text: string;
      try {
        text = renderParts(section!.parts, namespace);
      } catch (error) {
        if (error instanceof Returned) throw error;
        caught(error);
        text = 'Invalid Error Value';
      }
      if (type instanceof PyType && type.construct !== undefined) throw call(type, [text]) as Error;
      if (type !== undefined)
        throw new AttributeError(`'${typeName(type)}' object has no attribute '__name__'`);
      throw (
        exceptionOf(name, text) ??
        (expression === undefined ? new RuntimeError(text) : new InvalidErrorTypeExpression(text))
      );
    };
  },
};

const placesText = (error: PyError): string =>
  error.traceback
    .map((frame) => `  File "${frame.filename}", line ${frame.line}, in ${frame.function}\n`)
    .join('');

interface Handler {
  readonly name: string;
  readonly parts: readonly Part[];
}

const namesOf = (type: Type): string[] => type.mro.map((each) => each.name);

export const tryBlock: BlockTag = {
  continuations: ['except', 'else', 'finally'],
  make(sections) {
    const [first, ...rest] = sections;
    if (rest.length === 1 && rest[0]!.tag === 'finally') return finallyPart(first!.parts, rest[0]!.parts);
    const handlers: Handler[] = [];
    let otherwise: readonly Part[] | undefined;
    for (const { tag, args, parts } of rest) {
      if (tag === 'finally')
        throw new ParseError(
          'A try..finally combination cannot contain any other else, except or finally blocks',
          '',
        );
      if (tag === 'else') {
        if (otherwise !== undefined) throw new ParseError('No more than one else block is allowed', '');
        otherwise = parts;
        continue;
      }
      if (otherwise !== undefined)
        throw new ParseError('The else block should be the last block in a try tag', '');
      const names = args.split(/\s+/).filter(Boolean);
      if (names.length === 0 && handlers.some(({ name }) => name === ''))
        throw new ParseError('Only one default exception handler is allowed', '');
      for (const name of names.length === 0 ? [''] : names) handlers.push({ name, parts });
    }
    return (namespace) => {
      const depth = namespace.size;
      const calls = callDepth();
      let text: string;
      try {
        text = renderParts(first!.parts, namespace);
      } catch (error) {
        if (error instanceof Returned) throw error;
        restoreCallDepth(calls);
        namespace.pop(namespace.size - depth);
        // Running out of budget and conflicts of transactions pass every handler.
        const known = caught(error);
        const names = error instanceof HTTPException ? [error.pyType, 'Exception'] : namesOf(typeOf(known));
        const handler = handlers.find(({ name }) => name === '' || names.includes(name));
        if (handler === undefined) throw error;
        // Python's text begins with the frames of its own program; there are none here.
        const described = `Traceback (most recent call last):\n${placesText(known)}${names[0]}: ${known.message}\n`;
        namespace.push(
          new Bindings(
            new Dict<string, unknown>([
              ['error_type', names[0]],
              ['error_value', known],
              ['error_tb', described],
            ]),
          ),
        );
        try {
          return renderParts(handler.parts, namespace);
        } finally {
          namespace.pop();
        }
      }
      return otherwise === undefined ? text : text + renderParts(otherwise, namespace);
    };
  },
};

function finallyPart(body: readonly Part[], last: readonly Part[]): Part {
  return (namespace) => {
    let text = '';
    const depth = namespace.size;
    const calls = callDepth();
    try {
      text = renderParts(body, namespace);
    } finally {
      alive();
      restoreCallDepth(calls);
      namespace.pop(namespace.size - depth);
      text += renderParts(last, namespace);
    }
    return text;
  };
}
