import { describe, expect, it } from 'vitest';
import {
  Acquired,
  Acquiring,
  AcquisitionError,
  aqAcquire,
  aqBase,
  aqChain,
  aqExplicit,
  aqInContextOf,
  aqInner,
  aqParent,
  aqSelf,
  classOf,
  ComputedAttribute,
  getOwn,
  isWrapper,
  metaOf,
  Persistent,
  registerClass,
  wrap,
} from '../../src/persistent/index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- acquired attributes have no static type
type Any = any;

class Item extends Persistent {
  id: string;

  constructor(id: string) {
    super();
    this.id = id;
  }

  get path(): string {
    const parent = aqParent(this) as Item | null;
    return parent === null ? this.id : `${parent.path}/${this.id}`;
  }

  self(): this {
    return this;
  }
}
registerClass(Item, 'test.aq.Item', { acquires: 'implicit' });
class Folder extends Item {
  locate(): string {
    return `located ${this.path}`;
  }
}
registerClass(Folder, 'test.aq.Folder');
class Shy extends Item {
  declare skin: unknown;
}
registerClass(Shy, 'test.aq.Shy', { acquires: 'explicit' });
(Shy.prototype as { skin: unknown }).skin = Acquired;
class Plain extends Persistent {}
registerClass(Plain, 'test.aq.Plain');

/** root/folder/doc, and root/other. */
function site(): { root: Any; folder: Any; doc: Any } {
  const root: Any = new Folder('root');
  root.folder = new Folder('folder');
  root.folder.doc = new Item('doc');
  root.skin = 'blue';
  root.tool = new Item('tool');
  return { root, folder: root.folder, doc: root.folder.doc };
}

describe('reading an attribute', () => {
  it('gives an acquiring object in the context of the one it is read from', () => {
    const { root, folder, doc } = site();
    expect(isWrapper(folder)).toBe(true);
    expect(isWrapper(root)).toBe(false);
    expect(doc.path).toBe('root/folder/doc');
    expect(doc.self().path).toBe('root/folder/doc');
    expect(aqBase(doc).path).toBe('doc');
    expect(doc).toBeInstanceOf(Item);
    expect(root.folder).toBe(root.folder);
    expect(folder.doc).toBe(folder.doc);
    expect(aqBase(folder)).toBe(aqBase(root.folder));
  });

  it('looks a missing name up along the containers', () => {
    const { root, doc } = site();
    expect(doc.skin).toBe('blue');
    expect(doc.nothing).toBe(undefined);
    expect('skin' in doc).toBe(false);
    root._private = 1;
    expect(doc._private).toBe(undefined);
    expect(aqAcquire(doc, '_private')).toBe(1);
  });

  it('runs an acquired method on the object that has it', () => {
    const { doc } = site();
    expect(doc.locate()).toBe('located root/folder');
  });

  it('gives an acquired object in its own container and in what it was acquired through', () => {
    const { doc } = site();
    const { tool } = doc;
    expect(aqChain(tool).map((each) => (each as Item).id)).toEqual(['tool', 'doc', 'folder', 'root']);
    expect(aqParent(tool)).toBe(doc);
    expect((aqParent(aqInner(tool)) as Item).id).toBe('root');
    expect(aqChain(tool, true).map((each) => (each as Item).id)).toEqual(['tool', 'root']);
    expect(aqSelf(tool)).not.toBe(aqBase(tool));
    expect(aqInContextOf(tool, doc, false)).toBe(true);
    expect(aqInContextOf(tool, doc)).toBe(false);
  });

  it('does not answer what JavaScript itself asks objects for from a container', async () => {
    const { root, doc } = site();
    for (const name of ['then', 'toJSON']) root[name] = () => 'trap';
    expect(await doc).toBe(doc);
    expect(JSON.parse(JSON.stringify(doc))).toEqual({ id: 'doc' });
  });

  it('does not put objects in a context whose class does not acquire, nor items of containers', () => {
    const { root, folder } = site();
    root.plain = new Plain();
    expect(isWrapper(root.plain)).toBe(false);
    folder.list = [new Item('x')];
    expect(isWrapper(folder.list[0])).toBe(false);
    expect(isWrapper(wrap(new Plain(), root))).toBe(false);
  });

  it('acquires by an explicit acquirer only what it declares or is asked for', () => {
    const { root, folder } = site();
    folder.shy = new Shy('shy');
    const { shy } = folder;
    expect(shy.tool).toBe(undefined);
    expect(shy.skin).toBe('blue');
    expect(shy.aq_acquire('tool').id).toBe('tool');
    expect(aqExplicit(folder).tool).toBe(undefined);
    expect(aqExplicit(folder).doc.id).toBe('doc');
    expect(root.skin).toBe('blue');
  });
});

describe('writing through a wrapper', () => {
  it('changes the object, and stores objects without their context', () => {
    const { root, folder, doc } = site();
    doc.title = 'T';
    expect(aqBase(doc).title).toBe('T');
    root.link = doc;
    expect(metaOf(root)!.state!['link']).toBe(metaOf(doc));
    expect(root.link.path).toBe('root/doc');
    delete doc.title;
    expect(aqBase(doc).title).toBe(undefined);
    folder._v_doc = doc;
    expect(isWrapper(aqBase(folder)._v_doc)).toBe(false);
  });

  it('can give another parent', () => {
    const { root, doc } = site();
    const moved = wrap(aqBase(doc), root);
    expect(moved.path).toBe('root/doc');
    moved.aq_parent = null;
    expect(aqParent(moved)).toBe(null);
    expect(wrap(aqBase(doc), root).path).toBe('root/doc');
  });
});

describe('acquisition functions', () => {
  it('have attributes of their names on wrappers', () => {
    const { doc } = site();
    expect(doc.aq_parent.id).toBe('folder');
    expect(doc.aq_base).toBe(aqBase(doc));
    expect(doc.aq_inner.path).toBe(doc.path);
    expect(doc.aq_chain.length).toBe(3);
    expect(doc.aq_explicit.skin).toBe(undefined);
    expect(doc.aq_inContextOf(aqBase(doc.aq_parent))).toBe(true);
    expect(aqBase(doc).aq_parent).toBe(undefined);
  });

  it('aqAcquire throws, gives a default, or asks a filter', () => {
    const { root, doc } = site();
    expect(() => aqAcquire(doc, 'nothing')).toThrow(AcquisitionError);
    expect(aqAcquire(doc, 'nothing', { default: 7 })).toBe(7);
    const seen: unknown[] = [];
    doc.id = 'doc';
    const id = aqAcquire(doc, 'id', {
      filter: (original, container, name, value) => {
        seen.push([original === doc, (container as Item).id, name, value]);
        return value === 'root';
      },
    });
    expect(id).toBe('root');
    expect(seen).toEqual([
      [true, 'doc', 'id', 'doc'],
      [true, 'folder', 'id', 'folder'],
      [true, 'root', 'id', 'root'],
    ]);
    expect(aqAcquire(root, 'skin')).toBe('blue');
  });

  it('getOwn does not acquire', () => {
    const { doc, folder } = site();
    expect(getOwn(doc, 'skin')).toBe(undefined);
    expect((getOwn(folder, 'doc') as Item).path).toBe('root/folder/doc');
    expect(getOwn(doc, 'path')).toBe('root/folder/doc');
  });

  it('follow __parent__ pointers of objects that are not wrapped', () => {
    const a: Any = new Item('a');
    const b: Any = new Item('b');
    b.__parent__ = a;
    a.skin = 'red';
    expect(aqParent(b)).toBe(a);
    expect(aqChain(b)).toEqual([b, a]);
    expect(aqAcquire(b, 'skin')).toBe('red');
  });
});

describe('values that take part in acquisition', () => {
  it('may be computed in the context of the object they are read from', () => {
    class Computing extends Item {
      declare where: string;
    }
    (Computing.prototype as Any).where = new ComputedAttribute((context) => (context as Item).path);
    registerClass(Computing, 'test.aq.Computing');
    const { root } = site();
    root.computing = new Computing('computing');
    expect(root.computing.where).toBe('root/computing');
    expect(aqBase(root.computing).where).toBe('computing');
  });

  it('may have an __of__ of their own', () => {
    class Hooked extends Persistent {
      __of__(parent: Item): string {
        return `seen from ${parent.id}`;
      }
    }
    registerClass(Hooked, 'test.aq.Hooked');
    const { root, doc } = site();
    root.hooked = new Hooked();
    expect(root.hooked).toBe('seen from root');
    expect(doc.hooked).toBe('seen from root');
  });

  it('need not be persistent', () => {
    class RequestContainer extends Acquiring {
      REQUEST: object;

      constructor(request: object) {
        super();
        this.REQUEST = request;
      }
    }
    const request = { form: 1 };
    const { root } = site();
    const app: Any = wrap(root, new RequestContainer(request));
    expect(app.REQUEST).toBe(request);
    expect(app.folder.doc.REQUEST).toBe(request);
    expect(app.folder.doc.path).toBe('undefined/root/folder/doc');
    class View extends Acquiring {
      render(): string {
        return `${(this as Any).skin} ${(this as Any).path}`;
      }
    }
    const view = wrap(new View(), app.folder);
    expect(view.render()).toBe('blue undefined/root/folder');
    expect(classOf(aqBase(view))).toBe(View);
  });
});
