import { afterAll, describe, expect, it } from 'vitest';
import { aqBase, classOf, getOwn } from '../../../src/persistent/index.ts';
import { permissionAttribute, rolesForPermissionOn } from '../../../src/access/index.ts';
import { type Class, declarationOf } from '../../../src/restricted/index.ts';
import {
  DTMLDocument,
  DTMLMethod,
  File,
  Folder,
  Image,
  PythonScript,
  ZopePageTemplate,
} from '../../../src/zope/ofs/index.ts';
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

const OF_CONTENT = [
  'Access contents information',
  'Change cache settings',
  'Change permissions',
  'Copy or Move',
  'Delete objects',
  'Manage WebDAV Locks',
  'Manage properties',
  'Take ownership',
  'View',
  'View History',
  'View management screens',
  'WebDAV Lock items',
  'WebDAV Unlock items',
  'WebDAV access',
];

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

  /** What Python's `ac_inherited_permissions(1)` gives beside those of all content with pages of its own. */
  const OF_CLASSES = [
    [new File('x', '', new Uint8Array()), ['Change Images and Files']],
    [new Image('x', '', new Uint8Array()), ['Change Images and Files']],
    [new DTMLMethod('x', ''), ['Change DTML Methods', 'Change proxy roles']],
    [new DTMLDocument('x', ''), ['Change DTML Documents', 'Change DTML Methods', 'Change proxy roles']],
    [new PythonScript('x'), ['Change Python Scripts', 'Change bindings', 'Change proxy roles']],
    [new ZopePageTemplate('x', ''), ['Change Page Templates', 'Change bindings']],
  ] as const;

  it.each(OF_CLASSES)('are those of Python’s class: %s', (object, others) => {
    const own = [...object.ac_inherited_permissions(1)].map((each) => (each as readonly string[])[0]!);
    expect(own).toEqual([...OF_CONTENT, ...others].sort());
  });

  it('let who may change a text or file bring back what it was', () => {
    for (const [object, [change]] of OF_CLASSES)
      expect(declarationOf(classOf(object) as Class, 'manage_historyCopy')).toEqual({
        permission: classOf(object) === DTMLDocument ? 'Change DTML Documents' : change,
      });
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
