/** The classes of the step lists of `connections.json`: module `corpusmodel`. */
import { Dict, tuple } from '../../../../src/pickle/index.ts';
import { findClass, Persistent, PersistentMapping, registerClass } from '../../../../src/persistent/index.ts';

class Note extends Persistent {
  title = '';
  body = '';
}

class Page extends Persistent {
  title = '';
  body = '';
}

class Counter extends Persistent {
  n = 0;

  _p_resolveConflict(
    old: Map<string, number>,
    saved: Map<string, number>,
    changed: Map<string, number>,
  ): unknown {
    const [a, b, c] = [old, saved, changed].map((state) => {
      if (!state.has('n')) throw new Error('a state without n');
      return state.get('n')!;
    }) as [number, number, number];
    if (b < 0) throw new Error('the saved number is negative');
    return new Dict([...changed, ['n', b + c - a]]);
  }
}

class CorpusMap extends PersistentMapping {}

class WithNewArgs extends Persistent {
  __getnewargs__(): unknown {
    return tuple('base', 7);
  }
}

/** The class of a name in the steps; the other suites may have registered their own under it. */
export const corpusClasses: Record<string, new () => object> = {
  Note,
  Page,
  Counter,
  Map: CorpusMap,
  WithNewArgs,
  Pmap: PersistentMapping,
};

for (const [name, cls] of Object.entries(corpusClasses))
  if (name !== 'Pmap' && findClass('corpusmodel', name) === undefined)
    registerClass(cls as never, `corpusmodel.${name}`, { python: true });
