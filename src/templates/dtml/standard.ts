/** `DTML` of `Products.PythonScripts.standard`: templates that a script makes and renders (INVENTORY T-105). */
import { Dict } from '../../pickle/index.ts';
import {
  chargeMemory,
  declareClass,
  registerModule,
  registerType,
  setSignature,
  str,
} from '../../restricted/index.ts';
import { DtmlProgram } from './template.ts';

class DTML {
  readonly source: string;
  readonly program: DtmlProgram;
  readonly defaults: Dict<string, unknown>;

  constructor(source: string, defaults: Dict<string, unknown>) {
    this.source = source;
    this.program = DtmlProgram.compile(source, { name: '<string>' });
    this.defaults = defaults;
  }

  /** As `template(client=None, mapping={}, **values)`; a client that is a tuple is a path of clients. */
  render(args: readonly unknown[], kwargs: Dict<string, unknown> | undefined): unknown {
    const values = new Dict<string, unknown>(kwargs ?? []);
    const take = (at: number, name: string): unknown => {
      const given = args[at] ?? values.get(name) ?? null;
      values.delete(name);
      return given;
    };
    const client = take(0, 'client');
    const mapping = take(1, 'mapping');
    const clients = client === null ? [] : Array.isArray(client) ? [...(client as unknown[])] : [client];
    return this.program.render({ clients, mapping, defaults: this.defaults, values });
  }
}
declareClass(DTML, { object: 'public' });
registerType(DTML, {
  pyName: 'DTML',
  attributes: [],
  operators: {
    call: (self, args, kwargs) => self.render(args, kwargs),
    str: (self) => self.source,
  },
});

const make = (source: unknown, defaults: Dict<string, unknown>): DTML => {
  const text = str(source);
  chargeMemory(text.length * 8);
  return new DTML(text, defaults);
};
registerModule('Products.PythonScripts.standard', { DTML: setSignature(make, 'source_string, **vars') });
