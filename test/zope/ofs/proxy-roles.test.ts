import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  DTMLDocument,
  DTMLMethod,
  type Item,
  PythonScript,
  TypeScriptScript,
} from '../../../src/zope/ofs/index.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();
const CHANGES = [
  'Change DTML Methods',
  'Change DTML Documents',
  'Change Python Scripts',
  'Change TypeScript Scripts',
  'Change proxy roles',
];

beforeAll(() => {
  site.change((app) => {
    app._addRole('Editor');
    app._addRole('Publisher');
    for (const permission of CHANGES) app.manage_permission(permission, ['Editor'], true);
  });
  site.addUser('editor', ['Editor']);
  site.addUser('both', ['Editor', 'Publisher']);
});
beforeEach(() =>
  site.change((app) => {
    for (const id of app.objectIds()) if (id !== 'acl_users') app._delObject(id);
    const code = [
      new DTMLMethod('method', 'old'),
      new DTMLDocument('document', 'old'),
      new PythonScript('python'),
      new TypeScriptScript('typescript'),
    ];
    for (const each of code) {
      app._setObject(each.getId(), each as Item);
      each.manage_proxyRoles(['Publisher']);
    }
  }),
);
afterAll(() => site.close());

const proxyRolesOf = (id: string) => (site.app._getOb(id) as unknown as DTMLMethod)._proxy_roles;
const sourceOf = (id: string) => (site.app._getOb(id) as unknown as DTMLMethod).read();

it.each([
  ['method', 'manage_edit', 'title=&data=new'],
  ['document', 'manage_edit', 'title=&data=new'],
  ['python', 'ZPythonScriptHTML_editAction', 'title=&params=&body=new'],
  ['typescript', 'manage_editAction', 'title=&params=&body=new'],
])('keeps the source of a %s from those who lack its proxy roles', async (id, action, body) => {
  const before = sourceOf(id);
  expect((await site.request(`/${id}/${action}`, { user: 'editor', body })).status).toBe(403);
  expect((await site.request(`/${id}`, { user: 'editor', method: 'PUT', body: 'new' })).status).toBe(403);
  site.commit();
  expect(sourceOf(id)).toBe(before);
  expect((await site.request(`/${id}/${action}`, { user: 'both', body })).status).toBe(200);
  site.commit();
  expect(sourceOf(id)).toContain('new');
});

it.each(['method', 'document', 'python', 'typescript'])(
  'lets nobody give a %s roles that he does not have, or take away such',
  async (id) => {
    const set = (user: string, roles: string) =>
      site.request(`/${id}/manage_proxy`, { user, body: roles, type: 'application/x-www-form-urlencoded' });
    expect((await set('editor', 'roles:list=Editor')).status).toBe(403);
    expect((await set('both', 'roles:list=Manager')).status).toBe(403);
    site.commit();
    expect([...proxyRolesOf(id)]).toEqual(['Publisher']);
    expect((await set('both', 'roles:list=Editor')).status).toBe(200);
    site.commit();
    expect([...proxyRolesOf(id)]).toEqual(['Editor']);
  },
);
