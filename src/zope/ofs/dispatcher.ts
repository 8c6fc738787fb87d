/** `manage_addProduct/PRODUCT/CONSTRUCTOR`: how forms, URLs and scripts add objects to a container (INVENTORY O-007). */
import { aqInner, aqParent, Persistent, registerClass, wrap } from '../../persistent/index.ts';
import { declareClass, KeyError, registerType } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { getRequest, HTTPRequest } from '../../publisher/index.ts';
import { addFormPage } from '../zmi/add-form.ts';
import type { ObjectManager } from './object-manager.ts';
import { type Constructor, type ProductType, products } from './products.ts';

/** Leads from a container to its products; never stored. */
export class ProductDispatcher extends Persistent {
  __getitem__(name: string): FactoryDispatcher {
    const cls = dispatcherOf(name);
    if (cls === undefined) throw new KeyError(name);
    return wrap(new cls(), this) as unknown as FactoryDispatcher;
  }

  __bobo_traverse__(_request: unknown, name: string): unknown {
    const cls = dispatcherOf(name);
    // Of an unknown product the constructor is what is not found.
    return wrap(new (cls ?? FactoryDispatcher)(), this);
  }
}

/** The constructors of one product; each product has a subclass with its own. */
export class FactoryDispatcher extends Persistent {
  /** Where the object will be. */
  Destination(): ObjectManager {
    return containerOf(this);
  }

  this(): ObjectManager {
    return containerOf(this);
  }

  DestinationURL(): string {
    return containerOf(this).absolute_url();
  }

  /** The end of an addition: the container's listing. */
  manage_main(): string {
    return redirectTo(`${containerOf(this).absolute_url().replace(/\/$/, '')}/manage_main`);
  }
}

/** The form that adds one object of a type, where the listing's own is not used. */
function formOf(type: ProductType): (this: FactoryDispatcher) => string {
  return function form() {
    const container = containerOf(this);
    return type.formPage?.(container) ?? addFormPage(container, type);
  };
}

function containerOf(dispatcher: FactoryDispatcher): ObjectManager {
  return aqParent(aqInner(aqParent(aqInner(dispatcher)))) as ObjectManager;
}

function redirectTo(url: string): string {
  getRequest()?.response.redirect(url);
  return '';
}

const classes = new Map<string, new () => FactoryDispatcher>();

function dispatcherOf(product: string): (new () => FactoryDispatcher) | undefined {
  let cls = classes.get(product);
  if (cls !== undefined) return cls;
  const own = products().filter((type) => type.product === product);
  if (own.length === 0) return undefined;
  cls = class extends FactoryDispatcher {};
  const names: Record<string, { permission: string }> = {};
  const signatures: Record<string, string> = {};
  const [changes, forms]: [string[], string[]] = [[], []];
  for (const type of own) {
    for (const maker of type.constructors) {
      changes.push(maker.name);
      names[maker.name] = { permission: type.permission };
      signatures[maker.name] = maker.signature;
      Object.defineProperty(cls.prototype, maker.name, {
        configurable: true,
        writable: true,
        value: function add(this: FactoryDispatcher, ...args: unknown[]) {
          return construct(maker, containerOf(this), args, true);
        },
      });
    }
    const form = type.form;
    if (form === undefined) continue;
    forms.push(form);
    names[form] = { permission: type.permission };
    Object.defineProperty(cls.prototype, form, { configurable: true, writable: true, value: formOf(type) });
  }
  registerClass(cls, `App.FactoryDispatcher.${product}Dispatcher`, { acquires: 'implicit' });
  declareClass(cls, { names, signatures, changes, published: forms });
  classes.set(product, cls);
  return cls;
}

/** Runs a constructor; for a request the answer leads to the listing, unless the constructor has one. */
export function construct(
  maker: Constructor,
  container: ObjectManager,
  args: readonly unknown[],
  redirects: boolean,
): unknown {
  const request = args.find((value): value is HTTPRequest => value instanceof HTTPRequest) ?? null;
  const result = maker.add(container, { request, redirects }, ...(args as never[]));
  if (request === null || result !== undefined) return result ?? null;
  return redirects
    ? redirectTo(`${container.absolute_url().replace(/\/$/, '')}/manage_main`)
    : container.manage_main('Added.');
}

registerClass(ProductDispatcher, 'App.FactoryDispatcher.ProductDispatcher', {
  python: true,
  acquires: 'implicit',
});
registerClass(FactoryDispatcher, 'App.FactoryDispatcher.FactoryDispatcher', {
  python: true,
  acquires: 'implicit',
});
// A product is no page.
for (const cls of [ProductDispatcher, FactoryDispatcher]) Object.assign(cls.prototype, { index_html: null });
registerType(ProductDispatcher, {
  operators: { getitem: (self, name) => self.__getitem__(name as string) },
});
declareClass(ProductDispatcher, {
  default: 'deny',
  object: 'public',
  publishable: true,
  names: { __getitem__: 'private', __bobo_traverse__: 'private' },
});
declareClass(FactoryDispatcher, {
  default: 'deny',
  object: 'public',
  publishable: true,
  published: ['manage_main'],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    Destination: 'public',
    DestinationURL: 'public',
    this: 'public',
  },
});
