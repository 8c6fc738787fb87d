/** The variables of a template while it is rendered. */
import { RepeatItem } from './repeat.ts';

/** Variables by name behind a `$`, so that no name of a template is one of JavaScript's; inner scopes inherit from outer ones. */
export type Scope = Record<string, unknown>;

export const newScope = (outer: Scope | null): Scope => Object.create(outer) as Scope;

/** The value of `default`: what stands in the template. */
export const DEFAULT: object & { readonly toString: () => string } = Object.freeze({
  toString: () => 'default',
});

/** A slot that a user of a macro fills. */
export type Slot = () => string;

/** What all parts of a rendering share. */
export class Rendering {
  /** Global variables, those of `tal:define="global …"` as well. */
  readonly globals: Scope;
  readonly repeats = new Map<string, RepeatItem>();
  readonly trusted: boolean;
  /** Names of the template that is rendered: `$here`, `$request` … */
  slots: ReadonlyMap<string, Slot> | undefined;

  constructor(globals: Scope, trusted: boolean) {
    this.globals = globals;
    this.trusted = trusted;
  }
}
