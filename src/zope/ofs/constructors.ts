/** The constructors of the stock types, in Python's products (INVENTORY O-025 to O-033). */
import { Permissions } from '../../access/index.ts';
import { BadRequest, FileUpload, urlQuote } from '../../publisher/index.ts';
import { decodeBytes } from '../../restricted/index.ts';
import { DTMLDocument, DTMLMethod } from '../dtml/dtml-method.ts';
import { newPythonScript } from '../scripts/python-script.ts';
import { newTypeScript } from '../scripts/typescript-script.ts';
import { BTreeFolder } from './btree-folder.ts';
import { contentOf, File } from './file.ts';
import { Folder } from './folder.ts';
import { Image } from './image.ts';
import type { Item } from './item.ts';
import type { ObjectManager } from './object-manager.ts';
import { OrderedFolder } from './ordered-folder.ts';
import { sourceOf, sourceType, ZopePageTemplate } from './page-template.ts';
import { type AddContext, type Constructor, registerProduct } from './products.ts';
import { UserFolder } from './user-folder.ts';

const TEMPLATE = '<p tal:content="context/title_or_id">title</p>';
const FOLDER = "id, title='', createPublic=0, createUserF=0, REQUEST=None";
const FILE = "id=None, file=b'', title='', precondition='', content_type='', REQUEST=None";

/** The text of an uploaded file or of a text field; undefined where nothing was given. */
function textOf(file: unknown): string | undefined {
  if (file instanceof FileUpload) return file.filename === '' ? undefined : decodeBytes(file.data, 'utf-8');
  if (file instanceof Uint8Array) return Buffer.from(file).toString('utf8');
  return typeof file === 'string' && file !== '' ? file : undefined;
}

type UploadArguments = [
  id?: string | null,
  file?: unknown,
  title?: string,
  precondition?: string,
  content_type?: string,
];

/**
 * Adds a file or image with what was uploaded; id and title are the file's name unless they are given. It is added empty first: what belongs
 * to a database can be stored in pieces.
 */
function addUploaded(
  container: ObjectManager,
  make: (id: string, title: string, type: string) => File,
  [id, file, title, precondition, givenType]: UploadArguments,
): string {
  const filename = file instanceof FileUpload ? file.filename : '';
  const name = id || filename.split(/[\\/:]/).at(-1)!;
  container._checkId(name);
  const object = make(name, title || (id ? '' : filename), givenType ?? '');
  if (precondition) object.precondition = precondition;
  container._setObject(name, object);
  const added = container._getOb(name) as unknown as File;
  const content = contentOf(file, name);
  if (content !== undefined) added.update_data(content.data, content.type);
  if (givenType) added.content_type = givenType;
  return name;
}

const NOTHING = new Uint8Array();

const folderMaker = (name: string, make: (id: string, title: string) => Item): Constructor => ({
  name,
  signature: FOLDER,
  add: (container: ObjectManager, _context, id: string, title?: string) => {
    container._setObject(id, make(id, title ?? ''));
  },
});

registerProduct({
  metaType: 'Folder',
  product: 'OFSP',
  permission: Permissions.addFolders,
  fields: [],
  form: 'folderAdd',
  constructors: [folderMaker('manage_addFolder', (id, title) => new Folder(id, title))],
});
registerProduct({
  metaType: 'Folder (Ordered)',
  product: 'OFSP',
  permission: Permissions.addFolders,
  fields: [],
  form: 'manage_addOrderedFolderForm',
  constructors: [folderMaker('manage_addOrderedFolder', (id, title) => new OrderedFolder(id, title))],
});
registerProduct({
  metaType: 'BTreeFolder2',
  product: 'BTreeFolder2',
  permission: Permissions.addFolders,
  fields: [],
  form: 'manage_addBTreeFolderForm',
  constructors: [
    {
      name: 'manage_addBTreeFolder',
      signature: "id, title='', REQUEST=None",
      add: (container, _context, id: string, title?: string) => {
        container._setObject(id, new BTreeFolder(id, title ?? ''));
      },
    },
  ],
});

registerProduct({
  metaType: 'File',
  product: 'OFSP',
  permission: Permissions.addDocumentsImagesFiles,
  fields: ['file'],
  form: 'fileAdd',
  constructors: [
    {
      name: 'manage_addFile',
      signature: FILE,
      add: (container, context: AddContext, ...given: UploadArguments) => {
        const make = (id: string, title: string, type: string) => new File(id, title, NOTHING, type);
        addUploaded(container, make, given);
        if (context.request === null) return undefined;
        context.request.response.redirect(`${container.absolute_url().replace(/\/$/, '')}/manage_main`);
        return '';
      },
    },
  ],
});
registerProduct({
  metaType: 'Image',
  product: 'OFSP',
  permission: Permissions.addDocumentsImagesFiles,
  fields: ['file'],
  form: 'imageAdd',
  constructors: [
    {
      name: 'manage_addImage',
      signature: FILE,
      add: (container, context: AddContext, ...given: UploadArguments) => {
        const make = (id: string, title: string, type: string) => new Image(id, title, NOTHING, type);
        const name = addUploaded(container, make, given);
        if (context.request === null) return name;
        context.request.response.redirect(`${String(context.request.get('URL1'))}/manage_main`);
        return name;
      },
    },
  ],
});

/** Where a form that made an object leads: to the listing, or by its other button to the object. */
function shown(
  container: ObjectManager,
  { request, redirects }: AddContext,
  id: string,
  submit: unknown,
): '' {
  if (request === null) return '';
  let url = redirects ? container.absolute_url() : String(request.get('URL1'));
  if (submit === 'Add and Edit') url += `/${urlQuote(id)}`;
  request.response.redirect(`${url.replace(/\/$/, '')}/manage_main`);
  return '';
}

const dtmlMaker =
  (make: (id: string, source: string) => DTMLMethod | DTMLDocument): Constructor['add'] =>
  (
    container,
    context: AddContext,
    id: string,
    title?: string,
    file?: unknown,
    _request?: unknown,
    submit?: unknown,
  ) => {
    const object = make(id, textOf(file) ?? '');
    object.title = title ?? '';
    container._setObject(id, object as unknown as Item);
    return shown(container, context, id, submit);
  };
const DTML = "id, title='', file='', REQUEST=None, submit=None";
for (const [metaType, names, make] of [
  [
    'DTML Method',
    ['addDTMLMethod', 'manage_addDTMLMethod'],
    (id: string, source: string) => new DTMLMethod(id, source),
  ],
  [
    'DTML Document',
    ['addDTMLDocument', 'manage_addDTMLDocument'],
    (id: string, source: string) => new DTMLDocument(id, source),
  ],
] as const)
  registerProduct({
    metaType,
    product: 'OFSP',
    permission: Permissions.addDocumentsImagesFiles,
    fields: ['text'],
    constructors: names.map((name) => ({ name, signature: DTML, add: dtmlMaker(make) })),
  });

registerProduct({
  metaType: 'User Folder',
  product: 'OFSP',
  permission: Permissions.addUserFolders,
  fields: [],
  fixedId: 'acl_users',
  allowedIn: (container) => !container.hasObject('acl_users'),
  constructors: [
    {
      name: 'manage_addUserFolder',
      signature: 'dtself=None, REQUEST=None',
      add: (container) => {
        if (container.hasObject('acl_users'))
          throw new BadRequest('This object already contains a User Folder');
        container._setObject('acl_users', new UserFolder() as unknown as Item);
      },
    },
  ],
});

registerProduct({
  metaType: 'Page Template',
  product: 'PageTemplates',
  permission: Permissions.addPageTemplates,
  fields: ['text'],
  form: 'manage_addPageTemplateForm',
  constructors: [
    {
      name: 'manage_addPageTemplate',
      signature:
        "id, title='', text='', encoding='utf-8', submit=None, REQUEST=None, RESPONSE=None, file=None",
      add: (
        container,
        context: AddContext,
        id: string,
        title?: string,
        text?: unknown,
        _encoding?: unknown,
        submit?: unknown,
        _request?: unknown,
        _response?: unknown,
        file?: unknown,
      ) => {
        const upload = [file, text].find((each) => each instanceof FileUpload);
        const type = upload === undefined ? undefined : sourceType(upload.filename, upload.data);
        const source = upload === undefined ? textOf(text) : sourceOf(upload.data, type!);
        const template = source ? new ZopePageTemplate(id, source, type) : new ZopePageTemplate(id, TEMPLATE);
        template.title = title ?? '';
        container._setObject(id, template);
        if (context.request === null) return container._getOb(id);
        if (submit !== 'Add and Edit') return undefined;
        context.request.response.redirect(`${container._getOb(id).absolute_url()}/pt_editForm`);
        return '';
      },
    },
  ],
});

for (const [metaType, product, permission, form, name, make] of [
  [
    'Script (Python)',
    'PythonScripts',
    Permissions.addPythonScripts,
    'manage_addPythonScriptForm',
    'manage_addPythonScript',
    newPythonScript,
  ],
  [
    'Script (TypeScript)',
    'TypeScripts',
    Permissions.addTypeScripts,
    'manage_addTypeScriptForm',
    'manage_addTypeScript',
    newTypeScript,
  ],
] as const)
  registerProduct({
    metaType,
    product,
    permission,
    fields: [],
    form,
    constructors: [
      {
        name,
        signature: "id, title='', file=None, REQUEST=None, submit=None",
        add: (
          container,
          context: AddContext,
          id: string,
          title?: string,
          file?: unknown,
          _request?: unknown,
          submit?: unknown,
        ) => {
          const script = make(id, title ?? '');
          const source = textOf(file);
          if (source !== undefined) script.write(source);
          container._setObject(id, script);
          return shown(container, context, id, submit);
        },
      },
    ],
  });
