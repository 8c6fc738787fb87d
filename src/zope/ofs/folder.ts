/** Folders (INVENTORY O-025, O-026), and what can be added to them through the web. */
import { registerClass } from '../../persistent/index.ts';
import { Dict, tuple } from '../../pickle/index.ts';
import { declareClass } from '../../restricted/index.ts';
import { Permissions, UserFolder } from '../../access/index.ts';
import { BadRequest, FileUpload, HTTPRequest } from '../../publisher/index.ts';
import { registerAddable } from '../zmi/addable.ts';
import { contentsPage } from '../zmi/pages.ts';
import { File, guessContentType } from './file.ts';
import { Image } from './image.ts';
import type { Item } from './item.ts';
import { ObjectManager } from './object-manager.ts';
import { ZopePageTemplate } from './page-template.ts';
import { DTMLDocument, DTMLMethod } from '../dtml/dtml-method.ts';
import { newPythonScript } from '../scripts/python-script.ts';
import { newTypeScript } from '../scripts/typescript-script.ts';

export class Folder extends ObjectManager {
  constructor(id = '', title = '') {
    super();
    if (id !== '') this.id = id;
    if (title !== '') this.title = title;
  }

  override manage_main(message?: string): string {
    return contentsPage(this, message);
  }

  /** The address at which Zope's management interface begins. */
  manage(): never {
    return this.manage_workspace();
  }

  manage_addFolder(
    id: string,
    title = '',
    createPublic?: unknown,
    createUserF?: unknown,
    request?: HTTPRequest | null,
  ): string | null {
    const answer = added(this, id, title, new Folder(id, title), request);
    const folder = this._getOb(id) as unknown as Folder;
    if (createUserF) folder._setObject('acl_users', new UserFolder() as unknown as Item);
    if (createPublic) folder.manage_addPageTemplate('index_html');
    return answer;
  }

  manage_addFile(
    id: string | undefined,
    file?: unknown,
    title = '',
    precondition = '',
    content_type = '',
    request?: HTTPRequest | null,
  ): string | null {
    const [name, data, type] = uploaded(id, file, content_type);
    const object = new File(name, title, data, type);
    if (precondition) object.precondition = precondition;
    return added(this, name, title, object, request);
  }

  manage_addImage(
    id: string | undefined,
    file?: unknown,
    title = '',
    _precondition = '',
    content_type = '',
    request?: HTTPRequest | null,
  ): string | null {
    const [name, data, type] = uploaded(id, file, content_type);
    return added(this, name, title, new Image(name, title, data, type), request);
  }

  manage_addPageTemplate(id: string, title = '', text = '', request?: HTTPRequest | null): string | null {
    const source = text.replaceAll('\r\n', '\n') || '<p tal:content="context/title_or_id">title</p>';
    return added(this, id, title, new ZopePageTemplate(id, source), request);
  }

  manage_addPythonScript(id: string, title = '', request?: HTTPRequest | null): string | null {
    return added(this, id, title, newPythonScript(id, title), request);
  }

  manage_addTypeScript(id: string, title = '', request?: HTTPRequest | null): string | null {
    return added(this, id, title, newTypeScript(id, title), request);
  }

  manage_addDTMLMethod(id: string, title = '', file?: unknown, request?: HTTPRequest | null): string | null {
    return added(this, id, title, new DTMLMethod(id, sourceOf(file)), request);
  }

  manage_addDTMLDocument(
    id: string,
    title = '',
    file?: unknown,
    request?: HTTPRequest | null,
  ): string | null {
    return added(this, id, title, new DTMLDocument(id, sourceOf(file)), request);
  }

  manage_delObjects(ids?: unknown, request?: HTTPRequest | null): string | null {
    const names = ids === undefined || ids === null ? [] : ((Array.isArray(ids) ? ids : [ids]) as string[]);
    const page = (message: string) => (request instanceof HTTPRequest ? this.manage_main(message) : null);
    if (names.length === 0) return page('No items specified.');
    for (const id of names) if (!this.hasObject(id)) throw new BadRequest(`${id} does not exist`);
    for (const id of names) this._delObject(id);
    return page(`Deleted ${names.join(', ')}.`);
  }
}

/** Puts an object in; for a form the answer is the contents page. */
function added(
  folder: Folder,
  id: string,
  title: string,
  object: Item,
  request: HTTPRequest | null | undefined,
): string | null {
  folder._setObject(id, object);
  if (title !== '') folder._getOb(id).title = title;
  return request instanceof HTTPRequest ? folder.manage_main(`Added ${id}.`) : null;
}

/** The source that a form or a script gives for a template. */
function sourceOf(file: unknown): string {
  if (file instanceof FileUpload) return Buffer.from(file.data).toString('utf8');
  return typeof file === 'string' ? file.replaceAll('\r\n', '\n') : '';
}

/** Id, content and type of an upload; the id is the file's name unless one is given. */
function uploaded(
  id: string | undefined,
  file: unknown,
  givenType: string,
): [id: string, data: Uint8Array, type: string] {
  const upload = file instanceof FileUpload ? file : undefined;
  const data =
    upload?.data ??
    (file instanceof Uint8Array ? file : new Uint8Array(Buffer.from(typeof file === 'string' ? file : '')));
  const name = id || (upload?.filename ?? '').split(/[\\/]/).at(-1)!;
  const type =
    givenType ||
    (upload?.contentType && upload.contentType !== 'application/octet-stream'
      ? upload.contentType
      : guessContentType(upload?.filename || name, data));
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
  published: ['manage', 'manage_main'],
  postOnly: [
    'manage_addFolder',
    'manage_addFile',
    'manage_addImage',
    'manage_addPageTemplate',
    'manage_addPythonScript',
    'manage_addTypeScript',
    'manage_addDTMLMethod',
    'manage_addDTMLDocument',
    'manage_delObjects',
  ],
  names: {
    manage: { permission: Permissions.viewManagementScreens },
    manage_main: { permission: Permissions.viewManagementScreens },
    manage_addFolder: { permission: Permissions.addFolders },
    manage_addFile: addFiles,
    manage_addImage: addFiles,
    manage_addPageTemplate: { permission: Permissions.addPageTemplates },
    manage_addPythonScript: { permission: Permissions.addPythonScripts },
    manage_addTypeScript: { permission: Permissions.addTypeScripts },
    manage_addDTMLMethod: addFiles,
    manage_addDTMLDocument: addFiles,
    manage_delObjects: { permission: Permissions.deleteObjects },
  },
  signatures: {
    manage_addFolder: "id, title='', createPublic=0, createUserF=0, REQUEST=None",
    manage_addFile: "id=None, file='', title='', precondition='', content_type='', REQUEST=None",
    manage_addImage: "id=None, file='', title='', precondition='', content_type='', REQUEST=None",
    manage_addPageTemplate: "id, title='', text='', REQUEST=None",
    manage_addPythonScript: "id, title='', REQUEST=None",
    manage_addTypeScript: "id, title='', REQUEST=None",
    manage_addDTMLMethod: "id, title='', file='', REQUEST=None",
    manage_addDTMLDocument: "id, title='', file='', REQUEST=None",
    manage_delObjects: 'ids=None, REQUEST=None',
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
for (const [label, action] of [
  ['DTML Method', 'manage_addDTMLMethod'],
  ['DTML Document', 'manage_addDTMLDocument'],
] as const)
  registerAddable({ label, action, permission: Permissions.addDocumentsImagesFiles, text: true });
