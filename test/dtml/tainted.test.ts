import { expect, it } from 'vitest';
import { Persistent, registerClass } from '../../src/persistent/index.ts';
import { DtmlProgram, TaintedString } from '../../src/templates/index.ts';
import { DB, MappingStorage, UnstorableError } from '../../src/zodb/index.ts';

class Holder extends Persistent {
  text: unknown = '';
}
registerClass(Holder, 'test.dtml.tainted.Holder');

it('cannot be stored (P-106)', () => {
  const db = new DB(new MappingStorage());
  const store = () =>
    db.transaction((connection) => {
      const holder = new Holder();
      holder.text = new TaintedString('<b>');
      connection.root().set('holder', holder);
    });
  expect(store).toThrow(UnstorableError);
  db.close();
});

it('is shown quoted, also as a part of a longer text (P-106)', () => {
  const render = (source: string) =>
    DtmlProgram.compile(source, { name: 'page' }).render({
      values: new Map([['text', new TaintedString('<b>')]]),
    });
  expect(render('<dtml-var text>')).toBe('&lt;b&gt;');
  expect(render('<dtml-var expr="text + \'!\'">')).toBe('&lt;b&gt;!');
});
