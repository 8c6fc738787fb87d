/** `dtml-in`: a section for each item, all of them or a batch (INVENTORY T-067). */
import { ByteArray } from '../../pickle/index.ts';
import {
  builtinValue,
  call,
  caught,
  chargeMemory,
  chargeSteps,
  checkItem,
  getitem,
  isForeign,
  str,
  trustedGetattr,
  trustedIterate,
  truth,
  TypeError,
  typeName,
  Unauthorized,
  ValueError,
} from '../../restricted/index.ts';
import { batchBounds, hasItem, minus, more, plus } from './batch.ts';
import { checkElse } from './blocks.ts';
import { ParseError } from './errors.ts';
import { compileDtmlExpression, type Expression } from './expression.ts';
import { Bindings, InstanceNames, ItemNames, type Namespace } from './namespace.ts';
import { checkPrefix, nameParameter, type Parameters, parseParameters, type Source } from './parameters.ts';
import { type BlockTag, type Part, renderParts, type Section } from './render.ts';
import { itemValue, type Items, SequenceNames } from './sequence-names.ts';
import { sorted } from './sort.ts';

const KNOWN = {
  name: '',
  start: '1',
  end: '-1',
  size: '10',
  orphan: '0',
  overlap: '1',
  mapping: 1,
  no_push_item: 1,
  skip_unauthorized: 1,
  previous: 1,
  next: 1,
  expr: '',
  sort: '',
  reverse: 1,
  sort_expr: '',
  reverse_expr: '',
  prefix: '',
} as const;

/** An `in` tag as it was parsed. */
interface Loop {
  readonly source: Source;
  readonly parameters: Parameters;
  readonly prefix: string;
  readonly mapping: boolean;
  readonly sortExpression: Expression | undefined;
  readonly reverseExpression: Expression | undefined;
  readonly startName: RegExp | undefined;
  readonly body: readonly Part[];
  readonly otherwise: readonly Part[];
}

const isBatch = (parameters: Parameters) => ['start', 'size', 'end'].some((name) => parameters.has(name));

export const inBlock: BlockTag = {
  continuations: ['else'],
  make(sections) {
    const loop = parseLoop(sections);
    const render = isBatch(loop.parameters) ? renderBatch : renderAll;
    return (namespace) => {
      const value = loop.source.expression?.(namespace) ?? namespace.get(loop.source.name);
      const items = itemsOf(value, loop.parameters.has('skip_unauthorized'));
      if (items.length === 0) return renderParts(loop.otherwise, namespace);
      const names = new SequenceNames(
        ordered(loop, items, namespace),
        loop.prefix,
        queryString(loop, namespace),
        loop.startName,
      );
      names.set('mapping', loop.mapping ? 1 : null);
      const cached = loop.source.expression === undefined;
      if (cached) namespace.push(new Bindings(new Map([[loop.source.name, value]])));
      namespace.push(names);
      const depth = namespace.size;
      try {
        return render(loop, names, namespace);
      } finally {
        namespace.pop(namespace.size - depth + (cached ? 2 : 1));
      }
    };
  },
};

function parseLoop(sections: readonly Section[]): Loop {
  const [first, second, ...more] = sections as [Section, ...Section[]];
  const parameters = parseParameters(first.args, KNOWN);
  const expression = (name: string) => {
    const text = parameters.get(name);
    return text === undefined ? undefined : compileDtmlExpression(String(text));
  };
  const [sortExpression, reverseExpression] = [expression('sort_expr'), expression('reverse_expr')];
  const prefix = checkPrefix(parameters);
  for (const name of ['orphan', 'overlap', 'previous', 'next']) {
    if (parameters.has(name) && !isBatch(parameters)) {
      throw new ParseError(
        `\n                    The ${name} attribute was used but neither of the\n` +
          '                    <code>start</code>, <code>end</code>, or <code>size</code>\n' +
          '                    attributes were used.\n                    ',
        '',
      );
    }
  }
  const start = parameters.get('start');
  const source = nameParameter(parameters);
  if (second !== undefined) {
    if (more.length > 0) throw new ParseError('too many else blocks', '');
    checkElse(second, source.name, 'in');
  }
  return {
    source,
    parameters,
    prefix,
    mapping: parameters.has('mapping'),
    sortExpression,
    reverseExpression,
    startName:
      start === undefined || /^\s*[-+]?\d+\s*$/.test(String(start))
        ? undefined
        : new RegExp(`(?<!&)&+${String(start).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}=[0-9]+&+`),
    body: first.parts,
    otherwise: second?.parts ?? [],
  };
}

/** The items, where an object of the host gives them only those that the user may have. */
function itemsOf(value: unknown, skip: boolean): Items {
  if (typeof value === 'string' || value instanceof Uint8Array || value instanceof ByteArray)
    throw new ValueError('Strings are not allowed as input to the in tag.');
  if (Array.isArray(value)) return value as Items;
  const items: unknown[] = [];
  const foreign = isForeign(value);
  for (const item of trustedIterate(value)) {
    chargeMemory(16);
    chargeSteps(1);
    if (!foreign || mayHave(value, item, items.length, skip)) items.push(item);
  }
  return items;
}

function mayHave(container: unknown, item: unknown, index: number, skip: boolean): boolean {
  try {
    checkItem(container, item);
    return true;
  } catch (error) {
    if (!(error instanceof Unauthorized)) throw error;
    if (skip) return false;
    throw new Unauthorized(`(item ${index}): ${error.message}`);
  }
}

function ordered(
  { parameters, mapping, sortExpression, reverseExpression }: Loop,
  items: Items,
  namespace: Namespace,
): Items {
  let result = items;
  const sort = sortExpression === undefined ? parameters.get('sort') : sortText(sortExpression(namespace));
  if (sort !== undefined)
    result = sorted(result, sort === 'sequence-item' ? '' : String(sort), mapping, namespace);
  const reverse =
    reverseExpression !== undefined && truth(reverseExpression(namespace)) ? true : parameters.get('reverse');
  if (reverse === undefined) return result;
  chargeMemory(result.length * 8);
  return [...result].reverse();
}

/** What an expression says to sort by; what cannot be searched as a text can is refused as Python refuses it. */
function sortText(value: unknown): string {
  trustedGetattr(value, 'find');
  return str(value);
}

function queryString({ startName }: Loop, namespace: Namespace): string {
  if (startName === undefined) return '';
  const query = namespace.getOrUndefined('QUERY_STRING');
  return typeof query === 'string' ? `?${query}` : '?';
}

/** Renders the body for an item; undefined when the user may not have it and it is left out. */
function renderItem(
  loop: Loop,
  names: SequenceNames,
  index: number,
  namespace: Namespace,
): string | undefined {
  let item: unknown;
  try {
    item = getitem(names.items, index);
  } catch (error) {
    if (!(error instanceof Unauthorized)) throw error;
    if (loop.parameters.has('skip_unauthorized')) return undefined;
    throw new Unauthorized(`(item ${index}): ${error.message}`);
  }
  names.set('sequence-index', index);
  const client = itemValue(item);
  if (loop.parameters.has('no_push_item') || (typeof item === 'string' && !loop.mapping))
    return renderParts(loop.body, namespace);
  namespace.push(
    !loop.mapping
      ? new InstanceNames(client)
      : client instanceof SequenceNames
        ? client
        : new ItemNames(client),
  );
  try {
    return renderParts(loop.body, namespace);
  } finally {
    namespace.pop();
  }
}

function renderAll(loop: Loop, names: SequenceNames, namespace: Namespace): string {
  const last = names.items.length - 1;
  let text = '';
  for (let index = 0; index <= last; index++) {
    if (index === last) names.set('sequence-end', 1);
    const rendered = renderItem(loop, names, index, namespace);
    if (rendered === undefined) {
      if (index === 1) names.set('sequence-start', 0);
      continue;
    }
    text += rendered;
    if (index === 0) names.set('sequence-start', 0);
  }
  return text;
}

/** A number that is given, or what the namespace has under a name. */
function numberParameter(parameters: Parameters, namespace: Namespace, name: string): unknown {
  const given = parameters.get(name);
  if (given === undefined) return 0;
  const text = String(given);
  if (text === '') return text;
  if (/^\s*[-+]?\d+\s*$/.test(text)) return Number(text);
  const value = namespace.get(text);
  return typeof value === 'string' ? call(builtinValue('int'), [value]) : value;
}

/** Where a loop begins or ends. */
function placeOf(value: unknown): number {
  const place = typeof value === 'boolean' ? Number(value) : value;
  if (typeof place === 'number' && Number.isInteger(place)) return place;
  throw new TypeError(`'${typeName(place)}' object cannot be interpreted as an integer`);
}

/** Whether there is an item at a place. Throws what Python throws for what is no place. */
function hasNext(items: Items, place: unknown): boolean {
  if (!Number.isInteger(place)) getitem(items, place);
  return hasItem(place, items.length);
}

function renderBatch(loop: Loop, names: SequenceNames, namespace: Namespace): string {
  const { parameters } = loop;
  const number = (name: string) => numberParameter(parameters, namespace, name);
  let from: unknown;
  try {
    from = number('start');
  } catch (error) {
    caught(error);
    from = 1;
  }
  const [until, wanted, overlap, orphan] = [
    number('end'),
    number('size'),
    number('overlap'),
    number('orphan'),
  ];
  const { length } = names.items;
  const { start, end, size } = batchBounds(from, until, wanted, orphan, length);
  const [before, final] = [minus(start, 1), minus(end, 1)];
  for (const [name, value] of Object.entries({
    'sequence-step-size': size,
    'sequence-step-overlap': overlap,
    'sequence-step-start': start,
    'sequence-step-end': end,
    'sequence-step-start-index': before,
    'sequence-step-end-index': final,
    'sequence-step-orphan': orphan,
  }))
    names.set(name, value);
  const describe = (kind: 'previous' | 'next') => {
    const batch =
      kind === 'previous'
        ? batchBounds(0, plus(before, overlap), size, orphan, length)
        : batchBounds(minus(plus(end, 1), overlap), 0, size, orphan, length);
    names.set(`${kind}-sequence-start-index`, minus(batch.start, 1));
    names.set(`${kind}-sequence-end-index`, minus(batch.end, 1));
    names.set(`${kind}-sequence-size`, minus(plus(batch.end, 1), batch.start));
  };
  if (parameters.has('previous') || parameters.has('next')) {
    const kind = parameters.has('previous') ? 'previous' : 'next';
    if (kind === 'previous' ? !more(before, 0) : !hasNext(names.items, end))
      return renderParts(loop.otherwise, namespace);
    names.set(`${kind}-sequence`, 1);
    describe(kind);
    return renderParts(loop.body, namespace);
  }
  const [first, last] = [placeOf(before), placeOf(final)];
  /** What has no next batch because of its numbers has none, without an error. */
  const describeNext = (isLast: boolean) => {
    try {
      describe('next');
    } catch (error) {
      caught(error);
      return;
    }
    if (isLast) names.set('next-sequence', 1);
  };
  let text = '';
  for (let index = first; index <= last; index++) {
    names.set('previous-sequence', 0);
    names.set('next-sequence', 0);
    if (index === first || index === last) {
      if (first > 0) {
        if (index === first) names.set('previous-sequence', 1);
        describe('previous');
      }
      if (last + 1 < length) describeNext(index === last);
    }
    if (index === last) names.set('sequence-end', 1);
    const rendered = renderItem(loop, names, index, namespace);
    if (rendered !== undefined) text += rendered;
    if (index === first) names.set('sequence-start', 0);
  }
  return text;
}
