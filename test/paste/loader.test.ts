import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  appConfig,
  type Application,
  booleanOption,
  currentConfig,
  integerOption,
  listOption,
  loadApp,
  LoadError,
  loadFilter,
  type LoadOptions,
  loadServer,
  readOptions,
  registerDistribution,
  registerModule,
  type Settings,
  textOption,
} from '../../src/paste/index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'loader-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const load = (text: string, options: LoadOptions = {}) => {
  write('main.ini', text);
  return loadApp('config:main.ini', { relativeTo: folder, ...options });
};

async function failure(promise: Promise<unknown>): Promise<LoadError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoadError);
  return error as LoadError;
}

const say = async (app: Application, url = 'http://site.test/') => (await app(new Request(url))).text();
const echo = (globalConf: Settings, localConf: Settings): Application => {
  return () => Response.json({ global: globalConf, local: localConf });
};

registerDistribution('Loader-Test', {
  'paste.app_factory': {
    main: echo,
    late: { load: async () => async () => () => new Response('late') },
    nothing: (() => undefined) as never,
    hono: (() => ({ fetch: () => new Response('fetched') })) as never,
    typed: (_globalConf: Settings, localConf: Settings) => {
      const options = readOptions(localConf, {
        name: textOption(),
        port: integerOption(80),
        debug: booleanOption(false),
        hosts: listOption([]),
      });
      return () => Response.json(options);
    },
  },
  'paste.filter_factory': {
    wrap: (_globalConf: Settings, { mark = '?' }: Settings) => {
      return (app: Application) => async (request: Request) =>
        new Response(`${mark}(${await (await app(request)).text()})`);
    },
  },
});
registerModule('loader_test.apps', async () => ({ make: echo }));

describe('the settings of a section', () => {
  it('reach the factory with the globals apart', async () => {
    const app = await load('[DEFAULT]\nowner = ann\n[app:main]\nuse = egg:Loader-Test\ncolour = red\n');
    expect(JSON.parse(await say(app))).toEqual({
      global: { owner: 'ann', here: folder, __file__: path.join(folder, 'main.ini') },
      local: { colour: 'red' },
    });
  });

  it('may carry any name without touching prototypes', async () => {
    const app = await load('[app:main]\nuse = egg:Loader-Test\n__proto__ = x\nconstructor = y\n');
    const { local } = JSON.parse(await say(app)) as { local: Settings };
    expect(Object.entries(local)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('are typed by readOptions', async () => {
    const app = await load(
      '[app:main]\nuse = egg:Loader-Test#typed\nname = x\nport = 8080\ndebug = Yes\nhosts = a b\n  c\n',
    );
    expect(JSON.parse(await say(app))).toEqual({
      name: 'x',
      port: 8080,
      debug: true,
      hosts: ['a', 'b', 'c'],
    });
  });

  it.each([
    ['port = many\nname = x', 'option-invalid', 'port', 3],
    ['name = x\ncolour = red', 'option-unexpected', 'colour', 4],
    ['debug = on', 'option-missing', 'name', 1],
  ])('are refused with file, line, section and option: %j', async (options, code, option, line) => {
    const error = await failure(load(`[app:main]\nuse = egg:Loader-Test#typed\n${options}\n`));
    expect(error).toMatchObject({
      code,
      option,
      line,
      section: 'app:main',
      file: path.join(folder, 'main.ini'),
    });
    expect(error.message).toContain(`line ${line}`);
  });

  it('name the file that an inherited option comes from', async () => {
    write('base.ini', '[app:main]\nuse = egg:Loader-Test#typed\n\nport = x\n');
    const error = await failure(load('[app:main]\nuse = config:base.ini\nname = n\n'));
    expect(error).toMatchObject({ file: path.join(folder, 'base.ini'), line: 4, option: 'port' });
  });

  it('can be read without making the application', async () => {
    write('main.ini', '[DEFAULT]\na = 1\n[app:main]\nuse = egg:Loader-Test\nb = %(a)s2\n');
    const { merged, localConf } = await appConfig('config:main.ini', { relativeTo: folder });
    expect(localConf).toEqual({ b: '12' });
    expect(merged).toMatchObject({ a: '1', b: '12' });
  });
});

describe('a distribution', () => {
  it('is found by any spelling that pip takes for the same name', async () => {
    await expect(load('[app:main]\nuse = egg:loader_TEST\n')).resolves.toBeTypeOf('function');
  });

  it('loads an entry point when it is wanted', async () => {
    expect(await say(await load('[app:main]\nuse = egg:Loader-Test#late\n'))).toBe('late');
  });

  it('may give an object with a fetch handler', async () => {
    expect(await say(await load('[app:main]\nuse = egg:Loader-Test#hono\n'))).toBe('fetched');
  });

  it('is registered in parts', async () => {
    registerDistribution('Loader-Test', { 'paste.app_factory': { more: () => () => new Response('more') } });
    expect(await say(await load('[app:main]\nuse = egg:Loader-Test#more\n'))).toBe('more');
    await expect(load('[app:main]\nuse = egg:Loader-Test\n')).resolves.toBeTypeOf('function');
  });

  it('must make an application', async () => {
    const error = await failure(load('[app:main]\nuse = egg:Loader-Test#nothing\n'));
    expect(error).toMatchObject({ code: 'factory-result', section: 'app:main' });
  });

  it('cannot be searched for inherited properties', async () => {
    expect(await failure(load('[app:main]\nuse = egg:Loader-Test#constructor\n'))).toMatchObject({
      code: 'entry-point-missing',
    });
    expect(await failure(load('[app:main]\nuse = call:loader_test.apps:toString\n'))).toMatchObject({
      code: 'attribute-missing',
    });
  });
});

describe('composed sections', () => {
  it('of a pipeline with a filter-with are wrapped as a whole', async () => {
    const app = await load(`
[pipeline:main]
pipeline = inner core
filter-with = outer
[filter:inner]
use = egg:Loader-Test#wrap
mark = i
[filter:outer]
use = egg:Loader-Test#wrap
mark = o
[app:core]
use = egg:Loader-Test#late
`);
    expect(await say(app)).toBe('o(i(late))');
  });

  it('of a filter-app take a plain function', async () => {
    registerModule('loader_test.filters', {
      wrap: () => (app: Application) => async (request: Request) =>
        new Response(`<${await (await app(request)).text()}>`),
    });
    const app = await load(
      '[filter-app:main]\nuse = call:loader_test.filters:wrap\nnext = core\n[app:core]\nuse = egg:Loader-Test#late\n',
    );
    expect(await say(app)).toBe('<late>');
  });

  it.each([
    ['[app:main]\nuse = other\n[app:other]\nuse = main\n'],
    ['[pipeline:main]\npipeline = main\n'],
    ['[composite:main]\nuse = egg:Paste#urlmap\n/ = main\n'],
    ['[app:main]\nuse = config:main.ini\nset x = %(here)s\n'],
  ])('in a circle are refused: %j', async (text) => {
    expect(await failure(load(text))).toMatchObject({ code: 'section-circle', section: expect.any(String) });
  });

  it('name the section that names what is missing', async () => {
    const error = await failure(load('[pipeline:main]\npipeline = nobody\n'));
    expect(error.message).toContain("No section 'nobody'");
    expect(error.file).toBe(path.join(folder, 'main.ini'));
  });
});

describe('egg:PasteDeploy#config', () => {
  it('makes the settings known to what runs inside a request', async () => {
    registerModule('loader_test.config', { make: () => async () => Response.json(currentConfig() ?? null) });
    const app = await load(`
[pipeline:main]
pipeline = conf core
[filter:conf]
use = egg:PasteDeploy#config
colour = blue
[app:core]
use = call:loader_test.config:make
`);
    expect(JSON.parse(await say(app))).toMatchObject({ colour: 'blue', here: folder });
    expect(currentConfig()).toBeUndefined();
  });
});

describe('npm:', () => {
  const example = path.resolve(import.meta.dirname, '../../examples/paste-factories');
  const site = '[app:core]\nuse = npm:paste-factories-example\ngreeting = Hi\n';

  const link = () => {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(example, path.join(folder, 'node_modules/paste-factories-example'));
  };

  it('loads the TypeScript of a linked package, its filter from a section and from a pipeline', async () => {
    link();
    const app = await load(
      `[pipeline:main]\npipeline = stamp core\n[filter:stamp]\nuse = npm:paste-factories-example#stamp\nvalue = v1\n${site}`,
    );
    const response = await app(new Request('http://site.test/a/b'));
    expect(response.headers.get('X-Stamp')).toBe('v1');
    expect(await response.text()).toBe('Hi from an unnamed site: /a/b');
    const filter = await loadFilter('npm:paste-factories-example#stamp', { relativeTo: folder }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(filter).toMatchObject({ code: 'option-missing', option: 'value' });
  });

  it('loads the example from its own folder', async () => {
    const app = await loadApp('config:site.ini', { relativeTo: example });
    const response = await app(new Request('http://site.test/x'));
    expect(response.headers.get('X-Stamp')).toBe('checked');
    expect(await response.text()).toBe('Welcome from The Shop: /x');
  });

  it('loads a TypeScript file by its path', async () => {
    write(
      'parts/greet.ts',
      'export const hello = (g: object, l: { name: string }) => () => new Response(`hello ${l.name}`);\n',
    );
    expect(await say(await load('[app:main]\nuse = npm:./parts/greet.ts#hello\nname = ann\n'))).toBe(
      'hello ann',
    );
    expect(
      await say(await load('[app:main]\npaste.app_factory = ./parts/greet.ts:hello\nname = bob\n')),
    ).toBe('hello bob');
    expect(await say(await load('[app:main]\nuse = call:./parts/greet.ts:hello\nname = eve\n'))).toBe(
      'hello eve',
    );
  });

  it('respects the exports of a package', async () => {
    write(
      'node_modules/@shop/parts/package.json',
      '{"name":"@shop/parts","type":"module","exports":{"./app/*":{"types":"./x.d.ts","import":"./lib/*.js"}}}',
    );
    write('node_modules/@shop/parts/lib/a.js', 'export default () => () => new Response("scoped");\n');
    write('node_modules/@shop/parts/secret.js', 'export default () => () => new Response("secret");\n');
    expect(await say(await load('[app:main]\nuse = npm:@shop/parts/app/a\n'))).toBe('scoped');
    expect(await failure(load('[app:main]\nuse = npm:@shop/parts/secret.js\n'))).toMatchObject({
      code: 'module-missing',
    });
    expect(await failure(load('[app:main]\nuse = npm:@shop/parts/app/../../secret\n'))).toMatchObject({
      code: 'module-missing',
    });
  });

  it('says which package or export is missing', async () => {
    expect((await failure(load('[app:main]\nuse = npm:not-there#x\n'))).message).toContain("'not-there'");
    link();
    const error = await failure(load('[app:main]\nuse = npm:paste-factories-example#nope\n'));
    expect(error).toMatchObject({ code: 'attribute-missing', section: 'app:main' });
    expect(error.message).toContain("'nope'");
  });

  it('reports a module that cannot be imported with its cause', async () => {
    write('broken.js', 'throw new Error("no such luck");\n');
    const error = await failure(load('[app:main]\nuse = npm:./broken.js\n'));
    expect(error).toMatchObject({
      code: 'module-broken',
      cause: expect.objectContaining({ message: 'no such luck' }),
    });
  });
});

describe('a server', () => {
  it('is run with the application and waits for it', async () => {
    const running = { urls: ['http://x/'], close: async () => {}, closed: Promise.resolve() };
    registerDistribution('Loader-Test', { 'paste.server_runner': { main: async () => running } });
    write('main.ini', '[server:main]\nuse = egg:Loader-Test\n');
    const server = await loadServer('config:main.ini', { relativeTo: folder });
    expect(await server(() => new Response())).toBe(running);
  });
});

describe('the file', () => {
  it('must be UTF-8', async () => {
    writeFileSync(path.join(folder, 'main.ini'), Buffer.from('[app:main]\nname = K\xf6ln\n', 'latin1'));
    expect(await failure(loadApp('config:main.ini', { relativeTo: folder }))).toMatchObject({
      code: 'ini-encoding',
    });
  });

  it('may lie in a folder whose name is escaped in the URI', async () => {
    write('my site/main.ini', '[app:main]\nuse = egg:Loader-Test#late\n');
    expect(await say(await loadApp('config:my%20site/main.ini', { relativeTo: folder }))).toBe('late');
  });
});
