/** The view `@@absolute_url` of every object: its address, and those of the objects around it. */
import { aqInner, aqParent } from '../../persistent/index.ts';
import { Dict, type Tuple, tupleFrom } from '../../pickle/index.ts';
import { registerView } from '../../publisher/index.ts';
import { declareClass, registerType } from '../../restricted/index.ts';
import type { Item } from './item.ts';

export class AbsoluteUrlView {
  readonly #context: Item;

  constructor(context: Item) {
    this.#context = context;
  }

  url(): string {
    return this.#context.absolute_url();
  }

  /** Name and url of the objects from the root to this one. */
  breadcrumbs(): Tuple<Dict<unknown, string>> {
    const parent = aqParent(aqInner(this.#context)) as Item | null;
    const before =
      parent === null || typeof parent.absolute_url !== 'function'
        ? []
        : new AbsoluteUrlView(parent).breadcrumbs();
    return tupleFrom([...before, Dict.from<string>({ name: this.#context.getId(), url: this.url() })]);
  }
}
declareClass(AbsoluteUrlView, {
  object: 'public',
  default: 'allow',
  names: { url: 'private', breadcrumbs: 'public' },
});
registerType(AbsoluteUrlView, {
  pyName: 'OFSTraversableAbsoluteURL',
  operators: { call: (self) => self.url(), str: (self) => self.url() },
});
registerView('absolute_url', {
  declaration: 'public',
  render: (object) => (object as Item).absolute_url(),
  create: (object) => new AbsoluteUrlView(object as Item),
});
