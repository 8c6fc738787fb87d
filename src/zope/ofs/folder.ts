/** Folders (INVENTORY O-025, O-026), and what can be added to them through the web. */
import { registerClass } from '../../persistent/index.ts';
import { Dict, tuple } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { BadRequest, FileUpload } from '../../publisher/index.ts';
import { registerAddable } from '../zmi/addable.ts';
import { contentsPage } from '../zmi/pages.ts';
import { File, guessContentType } from './file.ts';
import { Image } from './image.ts';
import type { Item } from './item.ts';
import { ObjectManager } from './object-manager.ts';
import { ZopePageTemplate } from './page-template.ts';
import { newPythonScript } from '../scripts/python-script.ts';

export class Folder extends ObjectManager {
  constructor(id = '', title = '') {
    super();
    if (id !== '') this.id = id;
    if (title !== '') this.title = title;
  }

  manage_main(message?: string): string {
    return contentsPage(this, message);
  }

  manage_addFolder(id: string, title = ''): string {
    return added(this, id, title, new Folder(id, title));
  }

  manage_addFile(id: string | undefined, title = '', file?: unknown): string {
    const [name, data, type] = uploaded(id, file);
    return added(this, name, title, new File(name, title, data, type));
  }

  manage_addImage(id: string | undefined, title = '', file?: unknown): string {
    const [name, data, type] = uploaded(id, file);
    return added(this, name, title, new Image(name, title, data, type));
  }

  manage_addPageTemplate(id: string, title = '', text = ''): string {
    return added(
      this,
      id,
      title,
      new ZopePageTemplate(
        id,
        text.replaceAll('\r\n', '\n') || '<p tal:content="context/title_or_id">title</p>',
      ),
    );
  }

  manage_addPythonScript(id: string, title = ''): string {
    return added(this, id, title, newPythonScript(id, title));
  }

  manage_delObjects(ids?: unknown): string {
    const names = ids === undefined || ids === null ? [] : ((Array.isArray(ids) ? ids : [ids]) as string[]);
    if (names.length === 0) return this.manage_main('No items specified.');
    for (const id of names) {
      if (!this.hasObject(id)) throw new BadRequest(`${id} does not exist`);
      this._delObject(id);
    }
    return this.manage_main(`Deleted ${names.join(', ')}.`);
  }
}

function added(folder: Folder, id: string, title: string, object: Item): string {
  folder._setObject(id, object);
  if (title !== '') folder._getOb(id).title = title;
  return folder.manage_main(`Added ${id}.`);
}

/** Id, content and type of an upload; the id is the file's name unless one is given. */
function uploaded(id: string | undefined, file: unknown): [id: string, data: Uint8Array, type: string] {
  const upload = file instanceof FileUpload ? file : undefined;
  const data = upload?.data ?? new Uint8Array();
  const name = id || (upload?.filename ?? '').split(/[\\/]/).at(-1)!;
  const type =
    upload?.contentType && upload.contentType !== 'application/octet-stream'
      ? upload.contentType
      : guessContentType(upload?.filename || name, data);
  return [name, new Uint8Array(data), type];
}

/** A folder whose order its manager sets. */
export class OrderedFolder extends Folder {}

registerClass(Folder, 'OFS.Folder.Folder', { python: true, acquires: 'implicit' });
registerClass(OrderedFolder, 'OFS.OrderedFolder.OrderedFolder', { python: true, acquires: 'implicit' });
Object.assign(Folder.prototype, {
  meta_type: 'Folder',
  manage_options: [
    { label: 'Contents', action: 'manage_main' },
    { label: 'View', action: '' },
  ],
  _properties: tuple(Dict.from({ id: 'title', type: 'string', mode: 'wd' })),
});
Object.assign(OrderedFolder.prototype, { meta_type: 'Folder (Ordered)' });

const addFiles = { permission: Permissions.addDocumentsImagesFiles };
declareClass(Folder, {
  published: ['manage_main'],
  postOnly: [
    'manage_addFolder',
    'manage_addFile',
    'manage_addImage',
    'manage_addPageTemplate',
    'manage_addPythonScript',
    'manage_delObjects',
  ],
  names: {
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_addFolder: { permission: Permissions.addFolders },
    manage_addFile: addFiles,
    manage_addImage: addFiles,
    manage_addPageTemplate: { permission: Permissions.addPageTemplates },
    manage_addPythonScript: { permission: Permissions.addPythonScripts },
    manage_delObjects: { permission: Permissions.deleteObjects },
  },
  signatures: {
    manage_addFolder: "id, title=''",
    manage_addFile: "id=None, title='', file=None",
    manage_addImage: "id=None, title='', file=None",
    manage_addPageTemplate: "id, title='', text=''",
    manage_addPythonScript: "id, title=''",
    manage_delObjects: 'ids=None',
  },
});

registerAddable({ label: 'Folder', action: 'manage_addFolder', permission: Permissions.addFolders });
registerAddable({
  label: 'File',
  action: 'manage_addFile',
  permission: Permissions.addDocumentsImagesFiles,
  upload: true,
});
registerAddable({
  label: 'Image',
  action: 'manage_addImage',
  permission: Permissions.addDocumentsImagesFiles,
  upload: true,
});
registerAddable({
  label: 'Page Template',
  action: 'manage_addPageTemplate',
  permission: Permissions.addPageTemplates,
  text: true,
});
