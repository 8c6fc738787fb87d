/** Folders (INVENTORY O-025). */
import { registerClass, wrap } from '../../persistent/index.ts';
import { Dict, tuple } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { construct, ProductDispatcher } from './dispatcher.ts';
import { FindSupport } from './find-support.ts';
import { products } from './products.ts';
import { ITEM_OPTIONS, PROPERTIES_OPTION } from './item.ts';

export class Folder extends FindSupport {
  constructor(id = '', title = '') {
    super();
    if (id !== '') this.id = id;
    if (title !== '') this.title = title;
  }

  /** Leads to what can be added here, by product. */
  get manage_addProduct(): ProductDispatcher {
    return wrap(new ProductDispatcher(), this) as unknown as ProductDispatcher;
  }
}

registerClass(Folder, 'OFS.Folder.Folder', { python: true, acquires: 'implicit' });
Object.assign(Folder.prototype, {
  meta_type: 'Folder',
  manage_options: [
    { label: 'Contents', action: 'manage_main' },
    { label: 'View', action: '' },
    PROPERTIES_OPTION,
    ...ITEM_OPTIONS,
    { label: 'Find', action: 'manage_findForm' },
    { label: 'Import/Export', action: 'manage_importExportForm' },
  ],
  _properties: tuple(Dict.from({ id: 'title', type: 'string', mode: 'wd' })),
});

const files = Permissions.addDocumentsImagesFiles;
const FOLDER = "id, title='', createPublic=0, createUserF=0, REQUEST=None";
const FILE = "id=None, file=b'', title='', precondition='', content_type='', REQUEST=None";
const DTML = "id, title='', file='', REQUEST=None, submit=None";
/** Constructors that folders have under their own names too. */
const OWN: Readonly<Record<string, readonly [permission: string, signature: string]>> = {
  manage_addFolder: [Permissions.addFolders, FOLDER],
  manage_addFile: [files, FILE],
  manage_addImage: [files, FILE],
  manage_addDTMLMethod: [files, DTML],
  manage_addDTMLDocument: [files, DTML],
  manage_addUserFolder: [Permissions.addUserFolders, 'dtself=None, REQUEST=None'],
};
for (const name of Object.keys(OWN)) {
  Object.defineProperty(Folder.prototype, name, {
    configurable: true,
    writable: true,
    value: function add(this: Folder, ...args: unknown[]) {
      for (const { constructors } of products()) {
        const maker = constructors.find((each) => each.name === name);
        if (maker !== undefined) return construct(maker, this, args, false);
      }
      throw new Error(`nothing makes what ${name} adds`);
    },
  });
}

declareClass(Folder, {
  changes: Object.keys(OWN),
  names: {
    manage_addProduct: { permission: Permissions.accessContentsInformation },
    ...Object.fromEntries(Object.entries(OWN).map(([name, [permission]]) => [name, { permission }])),
  },
  signatures: Object.fromEntries(Object.entries(OWN).map(([name, [, signature]]) => [name, signature])),
});
