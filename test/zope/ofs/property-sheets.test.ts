import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dict, tuple } from '../../../src/pickle/index.ts';
import { getattr, getitem, len, Unauthorized } from '../../../src/restricted/index.ts';
import { Folder } from '../../../src/zope/ofs/index.ts';
import { PropertySheet } from '../../../src/zope/ofs/property-sheets.ts';
import { TestSite } from './test-site.ts';

let site: TestSite;
beforeEach(() => {
  site = new TestSite();
  site.change((app) => {
    const garden = new Folder('garden', 'A garden');
    app._setObject('garden', garden as never);
    garden._setProperty('season', 'spring');
  });
});
afterEach(() => site.close());
const garden = () => (site.app as unknown as Record<string, Folder>).garden!;

describe('property sheets (O-013)', () => {
  it('show the properties of the object as the sheet "default"', () => {
    const { propertysheets } = garden();
    const sheet = propertysheets.default;
    expect(sheet.propertyIds()).toEqual(['title', 'season']);
    expect(sheet.propertyItems()).toEqual([tuple('title', 'A garden'), tuple('season', 'spring')]);
    expect(sheet.getProperty('season')).toBe('spring');
    expect(sheet.getProperty('gone', 'x')).toBe('x');
    expect(sheet.getPropertyType('season')).toBe('string');
    expect(() => sheet.propertyInfo('gone')).toThrow(/does not exist/);
    expect(propertysheets.get('http://www.zope.org/propsets/default')).not.toBeNull();
    expect(propertysheets.get('gone')).toBeNull();
    expect(len(propertysheets)).toBe(2);
    expect((getitem(propertysheets, 1) as PropertySheet).id).toBe('webdav');
  });

  it('change the object', () => {
    site.change(() => {
      const values = Dict.from<unknown>({ season: 'autumn' }) as Dict<string, unknown>;
      (
        garden().propertysheets.default as unknown as { manage_changeProperties(v: unknown): void }
      ).manage_changeProperties(values);
    });
    expect(garden().getProperty('season')).toBe('autumn');
  });

  it('hold sheets of their own, which keep their values themselves', () => {
    site.change(() => {
      const sheet = new PropertySheet();
      Object.assign(sheet, {
        id: 'plants',
        _md: Dict.from({ xmlns: 'urn:plants' }),
        _properties: tuple(Dict.from({ id: 'rose', type: 'int' })),
        rose: 3,
      });
      Object.assign(garden(), { __propsets__: tuple(sheet) });
    });
    const found = garden().propertysheets.get('urn:plants') as PropertySheet;
    expect(found.propertyItems()).toEqual([tuple('rose', 3)]);
  });

  it('tell nobody what is declared for nobody', () => {
    expect(() => getattr(garden().propertysheets, 'getId')).toThrow(Unauthorized);
  });

  it('cannot be seen by their own page: they have none', async () => {
    expect((await site.request('/garden/propertysheets/gone')).status).toBe(404);
  });
});
