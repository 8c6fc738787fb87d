/** Files of any type (INVENTORY O-032, P-156 to P-160). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, tuple } from '../../pickle/index.ts';
import { declareClass, truth } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { FileUpload, HTTPRequest, type HTTPResponse, Redirect, urlQuote } from '../../publisher/index.ts';
import { editPage } from '../zmi/pages.ts';
import { CACHE_OPTION, Cacheable, cacheable, cacheOf, invalidateCache } from './cacheable.ts';
import { guessContentType } from './content-type.ts';
import { chunksOf, type GivenData, headOf, type Pdata, sizeOf, storedData, storedForm } from './file-data.ts';
import { answerRanges, httpDate, notModified } from './file-ranges.ts';
import { HISTORY_OPTION, ITEM_OPTIONS, PROPERTIES_OPTION } from './item.ts';
import { mixIn } from './mix-in.ts';
import { PropertyManager } from './properties.ts';
import { refreshEntityTag } from './resource.ts';

const list = (name: string, fallback: readonly string[]) => {
  const value = process.env[name]?.trim();
  return new Set(value === undefined ? fallback : value.split(value.includes(',') ? ',' : /\s+/));
};
const INLINE = list('ALLOWED_INLINE_MIMETYPES', [
  'image/gif',
  'image/jp2',
  'image/jpeg',
  'image/jpeg2000-image',
  'image/jpeg2000',
  'image/jpx',
  'image/png',
  'image/webp',
  'image/x-icon',
  'image/x-jpeg2000-image',
  'text/plain',
  'application/pdf',
]);
const NOT_INLINE = list('DISALLOWED_INLINE_MIMETYPES', [
  'application/javascript',
  'application/x-javascript',
  'text/javascript',
  'text/html',
  'image/svg+xml',
  'image/svg+xml-compressed',
]);
const USE_DENYLIST = Boolean(Number(process.env.OFS_IMAGE_USE_DENYLIST || 0));

/** A file name's end for a media type. */
function extensionOf(type: string): string {
  const name = type.split('/').at(-1)!.split(/[+;]/)[0]!.trim();
  return EXTENSIONS[name] ?? name;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'octet-stream': 'bin',
  plain: 'txt',
  jpeg: 'jpg',
  javascript: 'js',
  svg: 'svg',
};

export class File extends PropertyManager {
  declare __name__: string;
  declare content_type: string;
  declare size: number | null;
  declare precondition: string;
  declare data: Uint8Array | Pdata | null;

  constructor(id: string, title: string, data: GivenData, contentType = '') {
    super();
    this.__name__ = id;
    this.title = title;
    this.precondition = '';
    this.update_data(data, contentType || guessContentType(id, headOf(data)));
  }

  override getId(): string {
    return (getOwn(this, '__name__') as string | undefined) ?? super.getId();
  }

  /** Replaces the content by a copy of `data`. What is long is read in pieces and kept in a chain of them. */
  update_data(data: GivenData, contentType?: string): void {
    const stored = storedForm(this, data);
    invalidateCache(this);
    this._setContent(stored, data, contentType);
    refreshEntityTag(this);
  }

  /** Sets the attributes in Python's order. */
  _setContent(stored: Uint8Array | Pdata, given: GivenData, contentType?: string): void {
    if (contentType !== undefined) this.content_type = contentType;
    this.size = sizeOf(given);
    this.data = stored;
  }

  get_size(): number {
    if (typeof this.size === 'number') return this.size;
    let size = 0;
    for (const { length } of chunksOf(this)) size += length;
    return size;
  }

  getSize(): number {
    return this.get_size();
  }

  getContentType(): string {
    return this.content_type;
  }

  /** The text that a catalogue indexes: nothing for what is no text. */
  PrincipiaSearchSource(): string {
    return this.content_type.startsWith('text/') ? this.__str__() : '';
  }

  view_image_or_file(): never {
    throw new Redirect(this.absolute_url());
  }

  /** The whole content. */
  __bytes__(): Uint8Array {
    const chunks = [...chunksOf(this)];
    return chunks.length === 1 ? new Uint8Array(chunks[0]!) : Buffer.concat(chunks);
  }

  override __str__(): string {
    return Buffer.from(this.__bytes__()).toString('utf8');
  }

  index_html(REQUEST: HTTPRequest, RESPONSE: HTTPResponse): unknown {
    if (notModified(this, REQUEST, RESPONSE) || answerRanges(this, REQUEST, RESPONSE)) {
      cacheOf(this)?.set(this, null, undefined);
      return '';
    }
    const type = this.content_type;
    RESPONSE.setHeader('Last-Modified', httpDate(this._p_mtime ?? 0));
    RESPONSE.setHeader('Content-Type', type);
    RESPONSE.setHeader('Content-Length', this.get_size());
    RESPONSE.setHeader('Accept-Ranges', 'bytes');
    if (forcesDownload(type)) {
      const id = this.getId();
      const name = id.includes('.') ? id : `${id}.${extensionOf(type)}`;
      RESPONSE.setHeader('Content-Disposition', `attachment; filename*=UTF-8''${urlQuote(name)}`);
    }
    RESPONSE.setBase(null);
    cacheOf(this)?.set(this, null, undefined);
    const data = storedData(this) ?? this.data;
    if (data instanceof Uint8Array) return data;
    for (const chunk of chunksOf(this)) RESPONSE.write(chunk);
    return '';
  }

  override manage_main(message?: string): string {
    return editPage(
      this,
      {
        action: 'manage_edit',
        textField: 'filedata',
        uploadAction: 'manage_upload',
        contentType: this.content_type,
        precondition: this.precondition,
        text: isEditable(this) ? this.__str__() : null,
        upload: true,
        size: this.get_size(),
        ...this._preview(),
      },
      message,
    );
  }

  /** What the edit page shows of the content. */
  _preview(): { readonly preview?: string } {
    return {};
  }

  /** Changes title, type and, where `filedata` is given, the content. */
  manage_edit(
    title: string,
    content_type: string,
    precondition = '',
    filedata?: unknown,
    request?: unknown,
  ): unknown {
    this.title = title;
    this.content_type = content_type;
    if (precondition) this.precondition = precondition;
    else if (this.precondition) delete (this as { precondition?: string }).precondition;
    if (filedata !== undefined && filedata !== null)
      this.update_data(
        typeof filedata === 'string' ? new Uint8Array(Buffer.from(filedata)) : (filedata as Uint8Array),
        content_type,
      );
    return request instanceof HTTPRequest ? this.manage_main('Saved changes.') : null;
  }

  /** Replaces the content by an uploaded file; its type is the file's. */
  manage_upload(file: unknown = '', request?: unknown): unknown {
    const content = contentOf(file, this.getId());
    if (content !== undefined) this.update_data(content.data, content.type);
    if (!(request instanceof HTTPRequest)) return null;
    return this.manage_main(content === undefined ? 'Please select a file to upload.' : 'Saved changes.');
  }

  /** Takes a body as the new content. */
  PUT(REQUEST: HTTPRequest, RESPONSE: HTTPResponse): HTTPResponse {
    const data = REQUEST.bodyFile ?? new Uint8Array();
    const sent = REQUEST.source.header('content-type');
    this.update_data(data, sent || guessContentType(this.getId(), headOf(data), this.content_type));
    RESPONSE.setStatus(204);
    RESPONSE.setHeader('Accept-Ranges', 'bytes');
    return RESPONSE;
  }
}

/** Whether the content is text small enough for a form. */
function isEditable(file: File): boolean {
  return (
    /^(?:text\/|application\/(?:json|javascript|xml))/.test(file.content_type) && file.get_size() < 131_072
  );
}

const downloads = new Map<string, boolean>();

/**
 * Content (which is not the caller's to change or to keep) and type of what a form sends for a file: the type that the client tells, or one by the name. Undefined when no file was chosen.
 */
export function contentOf(file: unknown, id: string): { data: GivenData; type: string } | undefined {
  const upload = file instanceof FileUpload ? file : undefined;
  if (upload === undefined ? !truth(file) : upload.filename === '') return undefined;
  const data = upload ?? (typeof file === 'string' ? Buffer.from(file) : (file as Uint8Array));
  const sent = upload?.headers.get('content-type');
  return {
    data,
    type: sent ?? guessContentType(upload?.filename ?? id, headOf(data), 'application/octet-stream'),
  };
}

function forcesDownload(contentType: string): boolean {
  let answer = downloads.get(contentType);
  if (answer === undefined) {
    answer = isDownload(contentType);
    if (downloads.size < 1000) downloads.set(contentType, answer);
  }
  return answer;
}

function isDownload(contentType: string): boolean {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  if (type === '') return false;
  return USE_DENYLIST ? NOT_INLINE.has(type) : !INLINE.has(type);
}

registerClass(File, 'OFS.Image.File', { python: true, acquires: 'implicit' });
Object.assign(File.prototype, {
  meta_type: 'File',
  zmi_icon: 'far fa-file-archive',
  precondition: '',
  acceptRanges: 'bytes',
  size: null,
  manage_options: [
    { label: 'Edit', action: 'manage_main' },
    { label: 'View', action: '' },
    PROPERTIES_OPTION,
    ...ITEM_OPTIONS,
    CACHE_OPTION,
    HISTORY_OPTION,
  ],
  _properties: tuple(
    Dict.from({ id: 'title', type: 'string' }),
    Dict.from({ id: 'content_type', type: 'string' }),
  ),
});

// Python keeps the id of a file in `__name__`.
Object.defineProperty(File.prototype, 'id', {
  get(this: File) {
    return this.getId();
  },
  configurable: true,
});

const view = { permission: Permissions.view };
const change = { permission: Permissions.changeImagesFiles };
mixIn(File, Cacheable);
declareClass(
  File,
  cacheable({
    object: view,
    published: ['index_html', 'view_image_or_file', 'PrincipiaSearchSource', 'manage_main'],
    changes: ['manage_edit', 'manage_upload', 'PUT'],
    names: {
      id: 'object',
      index_html: view,
      view_image_or_file: view,
      PrincipiaSearchSource: view,
      get_size: view,
      getSize: view,
      getContentType: view,
      content_type: view,
      size: view,
      manage_main: { permission: Permissions.viewManagementScreens },
      manage_edit: change,
      manage_upload: change,
      manage_historyCopy: change,
      PUT: change,
      precondition: view,
      update_data: 'private',
    },
    signatures: {
      index_html: 'REQUEST, RESPONSE',
      manage_edit: "title, content_type, precondition='', filedata=None, REQUEST=None",
      manage_upload: "file='', REQUEST=None",
      PUT: 'REQUEST, RESPONSE',
    },
  }),
);
