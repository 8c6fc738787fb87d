import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { Dict } from '../../../src/pickle/index.ts';
import { call } from '../../../src/restricted/index.ts';
import { ExternalMethod } from '../../../src/zope/external/external-method.ts';
import { loadExtensions } from '../../../src/zope/external/extensions.ts';
import { Folder } from '../../../src/zope/ofs/index.ts';
import { TestSite } from '../ofs/test-site.ts';

let home: string;
let site: TestSite;
beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'zope-extensions-'));
  mkdirSync(path.join(home, 'Extensions'));
  const write = (name: string, text: string) => writeFileSync(path.join(home, 'Extensions', name), text);
  write(
    'tools.ts',
    `interface Named { getId(): string }
export function greet(self: Named, name: string, mark: string = '!'): string {
  return \`\${name}\${mark} from \${self.getId()}\`;
}
export const plain = () => 'plain';
export async function late() { return 'late'; }
`,
  );
  write('broken.js', 'throw new Error("no tools today");\n');
  write('old.py', 'def f(): pass\n');
  await loadExtensions(home);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(() => {
  site = new TestSite();
});
afterEach(() => site.close());

const box = () => (site.app as unknown as Record<string, Folder>).box!;
const add = (module: string, name: string) =>
  site.change((app) => {
    app._setObject('box', new Folder('box') as never);
    box()._setObject('tool', new ExternalMethod('tool', '', module, name) as never);
  });

describe('an External Method', () => {
  it('is called with the fields of a form by their names, and with the object that it is called on as self', async () => {
    add('tools.ts', 'greet');
    expect((await site.request('/box/tool?name=Ada')).body).toBe('Ada! from box');
    expect((await site.request('/box/tool?name=Ada&mark=.')).body).toBe('Ada. from box');
    expect((await site.request('/box/tool?name=Ada&self=me')).body).toBe('Ada! from box');
    expect((await site.request('/box/tool')).status).toBe(400);
  });

  it('is called by scripts with arguments by position and by name', () => {
    add('tools', 'greet');
    const tool = (box() as unknown as Record<string, unknown>).tool;
    const kwargs = (fields: Record<string, unknown>) => Dict.from<unknown>(fields) as Dict<string, unknown>;
    site.change(() => {
      expect(call(tool, ['Ada'])).toBe('Ada! from box');
      expect(call(tool, [box(), 'Ada'])).toBe('Ada! from box');
      expect(call(tool, [], kwargs({ name: 'Ada' }))).toBe('Ada! from box');
      expect(call(tool, [box(), 'Ada'], kwargs({ mark: '?' }))).toBe('Ada? from box');

      expect(() => call(tool, [box(), 'Ada'], kwargs({ name: 'Bob' }))).toThrow(
        /multiple values for argument 'name'/,
      );
      expect(() => call(tool, [], kwargs({ nom: 'Bob' }))).toThrow(/unexpected keyword argument 'nom'/);
      expect(() => call(tool, [box(), 'Ada', '!', 'more'])).toThrow(
        /takes from 2 to 3 positional arguments but 4 were given/,
      );
    });
  });

  it.each([
    ['gone', 'f', /^The specified module, 'gone', couldn't be found\.$/],
    ['../tools', 'plain', /couldn't be found/],
    ['old', 'f', /Extensions\/old\.py is Python; its functions are to be in old\.ts/],
    ['tools', 'gone', /^The specified object, 'gone', was not found in module, 'tools'\.$/],
    ['tools', 'toString', /was not found/],
    ['broken', 'f', /broken\.js cannot be imported: no tools today/],
  ])('of module %s and function %s is not made, and says why', (module, name, message) => {
    expect(() => new ExternalMethod('tool', '', module, name)).toThrow(message);
  });

  it('tells an async function that it cannot be one', async () => {
    add('tools', 'late');
    await expect(site.request('/box/tool')).rejects.toThrow(/cannot be async/);
  });

  it('is changed by those who may change External Methods only', async () => {
    add('tools', 'plain');
    site.addUser('manager', ['Manager']);
    const form = { method: 'POST', body: 'title=T&module=tools&function=greet' };
    expect((await site.request('/box/tool/manage_edit', form)).status).toBe(401);
    const answer = await site.request('/box/tool/manage_edit', { ...form, user: 'manager' });
    expect(answer.status).toBe(200);
    expect((await site.request('/box/tool?name=Ada')).body).toBe('Ada! from box');
  });
});
