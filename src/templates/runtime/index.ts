/** What generated code calls. It reaches values only through this: attributes, items and calls are guarded by `restricted/`. */
import { Dict } from '../../pickle/index.ts';
import {
  alive,
  BudgetError,
  call,
  callDepth,
  chargeMemory,
  chargeSteps,
  eq,
  getattr,
  isForeign,
  iterate,
  registerType,
  repr,
  restoreCallDepth,
  str,
  trustedIterate,
  truth,
  ValueError,
} from '../../restricted/index.ts';
import { ExpressionError, isFatal, notePlace, placeOf, stackOverflow } from '../errors.ts';
import { Message } from '../i18n/message.ts';
import type { Translator } from '../i18n/translate.ts';
import { BOOLEAN } from '../tal/attributes.ts';
import type { ExpressionPlace } from '../tal/compiler.ts';
import type { ExpressionProblem } from '../tales/print.ts';
import { expressionType } from './evaluate.ts';
import { fill, include, own, type Rendering, slot } from './macros.ts';
import { attribute, content, DEFAULT, raw, Structure, text } from './output.ts';
import {
  called,
  calledUntrusted,
  contexts,
  Deferred,
  exists,
  firstBy,
  loopPath,
  stepIn,
  stepsAtEdge,
  stepsBy,
  stepSoft,
  stepTrusted,
  stepTrustedSoft,
  stepUntrusted,
  valueIn,
  variable,
  type Variables,
  variableSoft,
} from './paths.ts';
import { RepeatItem, Repeats } from './repeat.ts';

/** What the error reports of a program need. */
export interface ProgramPlaces {
  filename: string;
  readonly source: string;
  readonly places: readonly ExpressionPlace[];
}

/** What `tal:on-error` sees of an error. Untrusted code cannot read its attributes, as in Python Zope. */
class ErrorInfo {
  readonly type: string;
  readonly value: unknown;
  readonly lineno = null;
  readonly offset = null;

  constructor(error: unknown) {
    this.type = (error as Error | null)?.name ?? 'Error';
    this.value = error;
  }
}
registerType(ErrorInfo, { pyName: 'ErrorInfo' });
registerType(Deferred, {
  pyName: 'DeferWrapper',
  operators: { call: (self) => self.value(), str: (self) => str(self.value()) },
});

/** `depth`: how many calls of scripts were open where the element begins. */
function caught(error: unknown, depth: number): ErrorInfo {
  if (isFatal(error)) throw error;
  alive();
  restoreCallDepth(depth);
  return new ErrorInfo(error);
}

function failed(error: unknown, program: ProgramPlaces, at: number): unknown {
  const { filename, source, places } = program;
  const shown = stackOverflow(error);
  const place = places[at];
  if (place !== undefined) {
    notePlace(shown, filename, source, place.offset, place.text);
    if (shown instanceof BudgetError)
      shown.places.push({ filename, line: placeOf(source, place.offset).line, function: place.text });
  }
  return shown;
}

/** A function that throws what is wrong with an expression. */
export function problemOf(places: ProgramPlaces): (problem: ExpressionProblem) => never {
  return ({ reason, offset, token }) => {
    const error = new ExpressionError(reason, token);
    notePlace(error, places.filename, places.source, offset, token);
    throw error;
  };
}

/** The items of a loop, taken before it begins. What an object of the host gives to untrusted code is checked. */
const itemsBy =
  (trusted: boolean) =>
  (value: unknown): readonly unknown[] => {
    if (value === null) return [];
    if (Array.isArray(value)) return [...(value as unknown[])];
    const items: unknown[] = [];
    for (const item of !trusted && isForeign(value) ? iterate(value) : trustedIterate(value)) {
      chargeSteps(1);
      if ((items.length & 63) === 0) chargeMemory(512);
      items.push(item);
    }
    return items;
  };

/** `(a, b) value` */
function spread(into: Variables, names: readonly string[], value: unknown): void {
  const items: unknown[] = [];
  for (const item of trustedIterate(value)) {
    if (items.length === names.length)
      throw new ValueError(`too many values to unpack (expected ${names.length})`);
    items.push(item);
  }
  if (items.length < names.length)
    throw new ValueError(`not enough values to unpack (expected ${names.length}, got ${items.length})`);
  for (const [i, name] of names.entries()) into.set(name, items[i]);
}

function restore(c: Variables, name: string, value: unknown): void {
  if (value === undefined) c.delete(name);
  else c.set(name, value);
}

/** A text that was put together. */
function sized(out: string): string {
  if (out.length > LONG) chargeMemory(out.length);
  return out;
}
const LONG = 256;

/** One turn of a loop that wrote so many characters. */
function spend(written: number): void {
  chargeSteps(1);
  if (written > 0) chargeMemory(written);
}

function attrs(c: Variables, attributes: ReadonlyMap<string, string> | null): void {
  c.set('attrs', attributes === null ? null : new Dict(attributes));
}

/**
 * The attributes that an expression alone in `tal:attributes` gives.
 * @param overrides Its names are asked for first, to leave out attributes before it.
 */
function mapping(value: unknown, overrides: boolean): ReadonlyMap<unknown, unknown> {
  if (value instanceof Map) return value as ReadonlyMap<unknown, unknown>;
  if (overrides) trustedIterate(value)[Symbol.iterator]().next();
  const found = new Map<unknown, unknown>();
  for (const pair of trustedIterate(call(getattr(value, 'items'), []))) {
    const [name, item] = [...trustedIterate(pair)];
    found.set(name, item);
  }
  return found;
}

/** What would end the name of an attribute: names of a mapping may come from a form. */
// oxlint-disable-next-line no-control-regex
const NO_NAME = /[\s"'<>/=\u0000-\u001f]|^$/;

function mapped(
  values: ReadonlyMap<unknown, unknown>,
  later: readonly string[],
  boolean: ReadonlySet<string> | null,
  translator: Translator,
): string {
  let out = '';
  for (const [key, item] of values) {
    const name = str(key);
    let value = item;
    if (boolean?.has(name)) {
      if (!truth(value)) continue;
      value = name;
    }
    if (later.includes(name) || value === null) continue;
    if (NO_NAME.test(name)) throw new ValueError(`${repr(name)} is no name of an attribute`);
    out += ` ${name}="${attribute(value, '"', translator)}"`;
  }
  return out;
}

const written = (value: unknown, quote: string, original: string | null, translator: Translator) =>
  value === DEFAULT ? original : attribute(value, quote, translator);

const flag = (value: unknown, name: string, original: string | null) =>
  value === DEFAULT ? original : truth(value) ? name : null;

function translated(
  translator: Translator,
  value: unknown,
  domain: string | null,
  context: string | null,
): unknown {
  if (value instanceof Message) return translator.message(value);
  return typeof value === 'string' ? translator.translate(value, { domain, context }) : value;
}

const translation = (
  translator: Translator,
  id: string,
  original: string,
  values: ReadonlyMap<string, string> | null,
  domain: string | null,
  context: string | null,
) => translator.translate(id, { default: original, mapping: values, domain, context });

function translatedAttribute(
  translator: Translator,
  value: string | null,
  id: string | null,
  domain: string | null,
  context: string | null,
): string | null {
  if (id === null && value === null) return null;
  return translator.translate(id ?? value!, { default: value, domain, context });
}

const names =
  (trusted: boolean) =>
  (c: Variables, r: Rendering): ((name: string) => unknown) =>
  (name) =>
    c.get(name) ?? (c.has(name) ? null : expressionType(name, c, r, trusted));

const common = {
  attrs,
  BOOLEAN,
  caught,
  content,
  contexts,
  DEFAULT,
  deferred: (compute: () => unknown, once: boolean) => new Deferred(compute, once),
  depthNow: callDepth,
  DONE: Object.freeze({}),
  enter: Repeats.enter,
  equal: (a: unknown, b: unknown) => truth(eq(a, b)),
  exists,
  failed,
  fill,
  flag,
  include,
  mapped,
  mapping,
  leave: RepeatItem.leave,
  move: RepeatItem.move,
  normalised: (out: string) => out.replace(/\s+/g, ' ').trim(),
  not: (value: unknown) => (truth(value) ? 0 : 1),
  onlyTrue: (value: unknown) => (truth(value) ? value : null),
  own,
  raw,
  restore,
  slot,
  sized,
  spend,
  spread,
  stepIn,
  structure: (value: unknown) => new Structure(value),
  text,
  toward: (translator: Translator, language: unknown) =>
    language === null || language === DEFAULT ? translator : translator.toward(str(language)),
  translated,
  translatedAttribute,
  translation,
  truth,
  variable,
  variableSoft,
  written,
};

/** For code that is edited through the web. */
const untrustedRuntime = Object.freeze({
  ...common,
  names: names(false),
  called: calledUntrusted,
  first: firstBy(calledUntrusted),
  itemsOf: itemsBy(false),
  loop: loopPath(stepUntrusted, calledUntrusted),
  step: stepUntrusted,
  valueIn: valueIn(stepUntrusted, calledUntrusted),
  stepSoft,
  stepBy: stepsBy(stepUntrusted),
  stepBySoft: stepsBy(stepSoft),
  stepEdge: stepsAtEdge(stepUntrusted),
  stepEdgeSoft: stepsAtEdge(stepSoft),
});

/** For code of the program itself. */
const trustedRuntime = Object.freeze({
  ...common,
  names: names(true),
  called,
  first: firstBy(called),
  itemsOf: itemsBy(true),
  loop: loopPath(stepTrusted, called),
  step: stepTrusted,
  valueIn: valueIn(stepTrusted, called),
  stepSoft: stepTrustedSoft,
  stepBy: stepsBy(stepTrusted),
  stepBySoft: stepsBy(stepTrustedSoft),
  stepEdge: stepsAtEdge(stepTrusted),
  stepEdgeSoft: stepsAtEdge(stepTrustedSoft),
});

export const runtimeFor = (trusted: boolean) => (trusted ? trustedRuntime : untrustedRuntime);
export const RUNTIME_NAMES: readonly string[] = Object.keys(untrustedRuntime);
