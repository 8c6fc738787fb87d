import { afterAll, describe, expect, it } from 'vitest';
import { aqBase, getOwn } from '../../../src/persistent/index.ts';
import { permissionAttribute, rolesForPermissionOn } from '../../../src/access/index.ts';
import { Folder, ZopePageTemplate } from '../../../src/zope/ofs/index.ts';
import { TestSite } from './test-site.ts';

const site = new TestSite();
afterAll(() => site.close());
site.change((app) => {
  app._setObject('folder', new Folder('folder') as never);
  (app._getOb('folder') as unknown as Folder)._setObject('page', new ZopePageTemplate('page', '') as never);
});
const folder = () => site.app._getOb('folder') as unknown as Folder;
const page = () => folder()._getOb('page') as unknown as ZopePageTemplate;
const names = (settings: Iterable<unknown>) =>
  [...settings].map((one) => (one as Map<string, string>).get('name'));

describe('the permissions of an object (S-010, S-011)', () => {
  it('are on a container all that there are, as what it holds acquires them', () => {
    const all = names(folder().permission_settings());
    expect(all).toEqual(
      expect.arrayContaining(['Use mailhost services', 'Change Python Scripts', 'Add Folders']),
    );
    expect(all).toEqual(all.toSorted());
    expect(folder().possible_permissions()).toEqual(all);
  });

  it('are on anything else those of its class', () => {
    const own = names(page().permission_settings());
    expect(own).toEqual(expect.arrayContaining(['View', 'Change Page Templates', 'Take ownership']));
    expect(own).not.toContain('Use mailhost services');
    expect(page().possible_permissions()).toEqual(folder().possible_permissions());
  });

  it('can be set one by one, by role, and given back to what contains the object', () => {
    const use = 'Use mailhost services';
    site.change(() => folder().manage_permission(use, ['Owner'], 0));
    expect(rolesForPermissionOn(use, page())).toEqual(['Owner']);
    expect(folder().acquiredRolesAreUsedBy(use)).toBe('');
    site.change(() => folder().manage_role('Manager', [use]));
    expect(rolesForPermissionOn(use, page())).toEqual(['Owner', 'Manager']);
    site.change(() => folder().manage_permission(use, [], 1));
    expect(getOwn(aqBase(folder()) as object, permissionAttribute(use))).toBeUndefined();
    expect(() => page().rolesOfPermission(use)).toThrow(/is invalid/);
  });
});
