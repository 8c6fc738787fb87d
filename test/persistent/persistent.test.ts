import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  classNameOf,
  classOf,
  ClassRegistrationError,
  findClass,
  GHOST,
  type Jar,
  metaOf,
  newPersistent,
  Persistent,
  PersistentBase,
  type PersistentMeta,
  PersistentUseError,
  registerClass,
  UPTODATE,
} from '../../src/persistent/index.ts';

class Article extends Persistent {
  title = 'untitled';
  tags: string[] = [];
  _v_cache: unknown = undefined;
  declare extra?: unknown;
  declare subtitle: string;

  static defaults = { subtitle: 'none', readers: () => ['nobody'] };
  declare readers: string[];

  constructor(title?: string) {
    super();
    if (title !== undefined) this.title = title;
  }

  get shout(): string {
    return `${this.title.toUpperCase()}!`;
  }

  set shout(value: string) {
    this.title = value.toLowerCase();
  }

  rename(title: string): this {
    this.title = title;
    return this;
  }
}
registerClass(Article, 'test.persistent.Article', { aliases: ['test.old.Article'] });

class Essay extends Article {
  override rename(title: string): this {
    return super.rename(`Essay: ${title}`);
  }
}
registerClass(Essay, 'test.persistent.Essay');

/** A database in memory: states by oid. */
class MemoryJar implements Jar {
  readonly states = new Map<unknown, Record<string, unknown>>();
  readonly registered: PersistentMeta[] = [];
  loads = 0;
  refuse = false;

  load(meta: PersistentMeta): void {
    this.loads++;
    meta.state = Object.assign(meta.info.newState(), this.states.get(meta.oid));
    meta.status = UPTODATE;
  }

  register(meta: PersistentMeta): void {
    if (this.refuse) throw new Error('read-only');
    this.registered.push(meta);
  }

  readCurrent(): void {}
  watch(): void {}
  unloaded(): void {}

  resolve(): never {
    throw new Error('no references here');
  }

  ghost<T extends object>(cls: new () => T, oid: number, state: Record<string, unknown>): T {
    const object = newPersistent(cls) as T;
    const meta = metaOf(object)!;
    meta.jar = this;
    meta.oid = oid;
    this.states.set(oid, state);
    meta.ghostify();
    return object;
  }
}

describe('a persistent object', () => {
  it('is written like an instance of any class', () => {
    const essay = new Essay('On trees');
    expect(essay).toBeInstanceOf(Essay);
    expect(essay).toBeInstanceOf(Persistent);
    expect(essay.rename('birds').title).toBe('Essay: birds');
    expect(essay.shout).toBe('ESSAY: BIRDS!');
    essay.shout = 'LOUD';
    expect(essay.title).toBe('loud');
    expect('title' in essay).toBe(true);
    expect('nothing' in essay).toBe(false);
    expect(Object.keys(essay)).toEqual(['readers', 'title', 'tags', '_v_cache']);
    expect({ ...essay }).toMatchObject({ title: 'loud', tags: [] });
    delete essay.extra;
    essay.extra = 1;
    delete essay.extra;
    expect(Object.hasOwn(essay, 'extra')).toBe(false);
  });

  it('refuses an assignment to an attribute that has only a getter', () => {
    class Fixed extends Persistent {
      get one(): number {
        return 1;
      }
    }
    expect(() => {
      (new Fixed() as { one: number }).one = 2;
    }).toThrow(TypeError);
  });

  it('can be awaited and is no thenable', async () => {
    const article = new Article();
    expect(await article).toBe(article);
  });

  it('is shown by inspect without being loaded', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 18, { title: 'x' });
    expect(inspect(ghost)).toBe('<Article oid=0x12> (not loaded)');
    expect(jar.loads).toBe(0);
    expect(ghost.title).toBe('x');
    expect(inspect(ghost)).toContain("title: 'x'");
  });

  it('is loaded by JSON.stringify, which gives its attributes', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'x', tags: ['a'] });
    expect(JSON.parse(JSON.stringify(ghost))).toEqual({ title: 'x', tags: ['a'], readers: ['nobody'] });
  });

  it('cannot be cloned by structuredClone, which says so', () => {
    expect(() => structuredClone(new Article())).toThrow(/could not be cloned/);
  });

  it('cannot be frozen, sealed or given another class', () => {
    const article = new Article();
    expect(() => Object.freeze(article)).toThrow(PersistentUseError);
    expect(() => Object.preventExtensions(article)).toThrow(PersistentUseError);
    expect(() => Object.setPrototypeOf(article, Essay.prototype)).toThrow(PersistentUseError);
    expect(Object.setPrototypeOf(article, Article.prototype)).toBe(article);
    expect(Object.isFrozen(article)).toBe(false);
    expect(() => Object.defineProperty(article, 'x', { get: () => 1 })).toThrow(PersistentUseError);
  });

  it('keeps an attribute named __proto__ as a plain value', () => {
    const article = new Article() as Article & Record<string, unknown>;
    article['__proto__'] = { evil: true };
    expect(Object.getPrototypeOf(article)).toBe(Article.prototype);
    expect((article as { evil?: boolean }).evil).toBe(undefined);
    expect(Object.keys(article)).toContain('__proto__');
  });

  it('lets an object inherit from it without being changed by it', () => {
    const article = new Article('a');
    const heir = Object.create(article) as Article;
    heir.title = 'b';
    expect([article.title, heir.title]).toEqual(['a', 'b']);
    expect(metaOf(heir)).toBe(undefined);
  });

  it('tells its class whatever it says of itself', () => {
    const article = new Article() as Article & { constructor: unknown };
    article.constructor = Essay;
    expect(classOf(article)).toBe(Article);
  });
});

describe('the state of a persistent object', () => {
  it('is loaded when an attribute is touched, without running constructors', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'stored' });
    expect(ghost._p_state).toBe(GHOST);
    expect(ghost._p_changed).toBe(null);
    expect(jar.loads).toBe(0);
    expect(ghost.title).toBe('stored');
    expect(jar.loads).toBe(1);
    expect(ghost._p_changed).toBe(false);
  });

  it('gives fields that an old record lacks the defaults of the class', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Essay, 1, {});
    expect(ghost.subtitle).toBe('none');
    expect(ghost.readers).toEqual(['nobody']);
    expect(ghost._p_changed).toBe(false);
    ghost.readers.push('me');
    expect(ghost._p_changed).toBe(true);
    expect(jar.ghost(Essay, 2, {}).readers).toEqual(['nobody']);
  });

  it('registers its object at the first change only', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'x' });
    ghost.title = 'y';
    ghost.title = 'z';
    delete ghost.extra;
    expect(jar.registered).toEqual([metaOf(ghost)]);
    expect(ghost._p_changed).toBe(true);
  });

  it('is not changed when the connection refuses the change', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'x' });
    jar.refuse = true;
    expect(() => {
      ghost.title = 'y';
    }).toThrow('read-only');
    expect(ghost.title).toBe('x');
    expect(ghost._p_changed).toBe(false);
  });

  it('does not count _v_ attributes as changes and drops them with the state', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'x' });
    ghost._v_cache = { big: [1] };
    (ghost._v_cache as { big: number[] }).big.push(2);
    expect(ghost._p_changed).toBe(false);
    expect(ghost._v_cache).toEqual({ big: [1, 2] });
    ghost._p_deactivate();
    expect(ghost._v_cache).toBe(undefined);
  });

  it('is unloaded by _p_deactivate unless it has changed, and by _p_invalidate always', () => {
    const jar = new MemoryJar();
    const ghost = jar.ghost(Article, 1, { title: 'x' });
    ghost.title = 'y';
    ghost._p_deactivate();
    expect(ghost.title).toBe('y');
    ghost._p_invalidate();
    expect(ghost._p_state).toBe(GHOST);
    expect(ghost.title).toBe('x');
    ghost._p_changed = true;
    expect(jar.registered.length).toBe(2);
    ghost._p_changed = false;
    expect(ghost._p_changed).toBe(false);
    ghost._p_changed = null;
    expect(ghost._p_state).toBe(GHOST);
  });

  it('keeps references to persistent objects, which come out as the same objects', () => {
    const folder = new Article() as Article & { child?: Article };
    const child = new Article('c');
    folder.child = child;
    expect(folder.child).toBe(child);
    expect(metaOf(folder)!.state!['child']).toBe(metaOf(child));
  });
});

describe('registerClass', () => {
  it('finds a class by its name and its aliases', () => {
    expect(findClass('test.persistent', 'Article')).toBe(Article);
    expect(findClass('test.old', 'Article')).toBe(Article);
    expect(classNameOf(Article)).toEqual(['test.persistent', 'Article']);
    expect(findClass('test.persistent', 'Nothing')).toBe(undefined);
  });

  it('refuses names that are taken or have no module, and a second name', () => {
    class A extends Persistent {}
    expect(() => registerClass(A, 'test.persistent.Article')).toThrow(/another class \(Article\)/);
    expect(() => registerClass(A, 'NoModule')).toThrow(ClassRegistrationError);
    registerClass(A, 'test.persistent.A');
    expect(() => registerClass(A, 'test.persistent.B')).toThrow(/is registered as test.persistent.A/);
  });

  it('refuses classes whose instances have #private members, in a base class too', () => {
    class Secretive extends Persistent {
      #secret = 1;
      text = '# no private member';
      reveal(): number {
        return this.#secret;
      }
    }
    class Heir extends Secretive {}
    expect(() => registerClass(Heir, 'test.persistent.Heir')).toThrow(/Secretive\.#secret/);
    expect(() => new Secretive()).toThrow(ClassRegistrationError);
    class Innocent extends Persistent {
      static #count = 0;
      text = '#nothing';
      helper(): number {
        class Inner {
          #x = 1;
          x(): number {
            return this.#x;
          }
        }
        return new Inner().x() + Innocent.#count;
      }
    }
    registerClass(Innocent, 'test.persistent.Innocent');
    expect(new Innocent().helper()).toBe(1);
  });

  it('refuses a default that all objects would share and could change', () => {
    class Shared extends Persistent {
      static defaults = { list: [] };
    }
    expect(() => new Shared()).toThrow(/list: \(\) => \[\]/);
  });
});

describe('PersistentBase', () => {
  class Counter extends PersistentBase {
    value = 0;

    increase(by = 1): void {
      this._p_activate();
      this.value += by;
      this._p_changed = true;
    }

    override __getstate__(): unknown {
      return this.value;
    }

    override __setstate__(state: unknown): void {
      this.value = state as number;
    }
  }
  registerClass(Counter, 'test.persistent.Counter');

  it('works without a database, and notes changes in one', () => {
    const counter = new Counter();
    counter.increase();
    expect([counter.value, counter._p_changed, counter._p_state]).toEqual([1, false, UPTODATE]);
    metaOf(counter)!.jar = new MemoryJar();
    counter.increase();
    expect([counter.value, counter._p_changed, counter._p_state]).toEqual([2, true, 1]);
    expect(metaOf(counter)!.object).toBe(counter);
  });

  it('comes out of an attribute as itself', () => {
    const article = new Article();
    article.extra = new Counter();
    expect(article.extra).toBeInstanceOf(Counter);
    (article.extra as Counter).increase(2);
    expect((article.extra as Counter).value).toBe(2);
  });
});
