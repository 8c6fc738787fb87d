/** Images: files that know their size in pixels (INVENTORY O-033). */
import { getOwn, registerClass } from '../../persistent/index.ts';
import { Dict, tuple } from '../../pickle/index.ts';
import { declareClass, str } from '../../restricted/index.ts';
import { Permissions } from '../../access/index.ts';
import { File } from './file.ts';
import { type GivenData, type Pdata, sizeOf, viewOf } from './file-data.ts';

export interface ImageInfo {
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
}

/** Where what tells the size of a GIF, PNG or SVG ends, at the latest. */
const HEAD = 16_384;
const WINDOW = 65_536;

/** Type and size in pixels from the first bytes of a GIF, PNG, JPEG or SVG; undefined for anything else. */
export function imageInfo(data: GivenData): ImageInfo | undefined {
  const bytes = bufferOf(viewOf(data, 0, HEAD));
  if (bytes.length >= 10 && /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) {
    return { contentType: 'image/gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  }
  if (
    bytes.length >= 24 &&
    bytes.toString('latin1', 0, 8) === '\u0089PNG\r\n\u001a\n' &&
    bytes.toString('latin1', 12, 16) === 'IHDR'
  ) {
    return { contentType: 'image/png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  }
  if (bytes.length >= 2 && bytes.readUInt16BE(0) === 0xffd8) return jpegInfo(data);
  return svgInfo(bytes);
}

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** The size may stand behind much that is not the picture: thumbnails, profiles. */
function jpegInfo(data: GivenData): ImageInfo {
  const size = sizeOf(data);
  let start = 0;
  let bytes = bufferOf(viewOf(data, 0, WINDOW));
  let position = 2;
  while (position + 9 <= size) {
    if (position + 9 > start + bytes.length) {
      start = position;
      bytes = bufferOf(viewOf(data, start, start + WINDOW));
    }
    const at = position - start;
    if (bytes[at] !== 0xff) {
      position++;
      continue;
    }
    const marker = bytes[at + 1]!;
    if (marker === 0xff) position++;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return {
        contentType: 'image/jpeg',
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
      };
    } else if (marker === 0xda) break;
    else position += 2 + bytes.readUInt16BE(at + 2);
  }
  return { contentType: 'image/jpeg', width: -1, height: -1 };
}

function svgInfo(bytes: Buffer): ImageInfo | undefined {
  const head = bytes.toString('utf8', 0, 4096);
  const tag = /<svg\b[^>]*>/.exec(head)?.[0];
  if (tag === undefined) return undefined;
  const box = /viewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(tag);
  const length = (name: string) =>
    /^([\d.]+)(px)?$/.exec(new RegExp(`\\b${name}\\s*=\\s*["']([^"']*)`).exec(tag)?.[1] ?? '')?.[1];
  const size = (name: string, index: number) => Math.trunc(Number(length(name) ?? box?.[index] ?? -1));
  return { contentType: 'image/svg+xml', width: size('width', 1), height: size('height', 2) };
}

const escape = (text: unknown) =>
  String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** Python's `round`: halves go to the even number. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

export class Image extends File {
  declare width: number | string;
  declare height: number | string;
  declare alt: string;

  override _setContent(stored: Uint8Array | Pdata, given: GivenData, contentType?: string): void {
    super._setContent(stored, given);
    const info = imageInfo(given);
    // Of what is no image of a known kind, they are what they were.
    if (info !== undefined && info.width >= 0) this.width = info.width;
    if (info !== undefined && info.height >= 0) this.height = info.height;
    const type = info?.contentType ?? contentType;
    if (type !== undefined) this.content_type = type;
  }

  override _preview(): { readonly preview?: string } {
    return { preview: this.absolute_url() };
  }

  /** An `img` element that shows the image. */
  tag(
    height?: unknown,
    width?: unknown,
    alt?: unknown,
    scale: unknown = 0,
    xscale: unknown = 0,
    yscale: unknown = 0,
    css_class?: unknown,
    title?: unknown,
    attributes?: Dict<string, unknown>,
  ): string {
    const scaled = (size: unknown, factor: number) =>
      factor && size ? String(roundHalfEven(Math.trunc(Number(size)) * factor)) : size;
    const h = scaled(height ?? this.height, Number(yscale || scale));
    const w = scaled(width ?? this.width, Number(xscale || scale));
    const text = alt ?? (getOwn(this, 'alt') as string | undefined) ?? '';
    const titled = title ?? this.title ?? '';
    let html = `<img src="${this.absolute_url()}" alt="${escape(text)}" title="${escape(titled)}"`;
    if (h) html += ` height="${escape(h)}"`;
    if (w) html += ` width="${escape(w)}"`;
    if (css_class) html += ` class="${escape(css_class)}"`;
    for (const [name, value] of attributes ?? [])
      if (value) html += ` ${name}="${escape(str(value as never))}"`;
    return `${html} />`;
  }

  override __str__(): string {
    return this.tag();
  }
}

registerClass(Image, 'OFS.Image.Image', { python: true, acquires: 'implicit' });
Object.assign(Image.prototype, {
  meta_type: 'Image',
  zmi_icon: 'far fa-file-image',
  alt: '',
  height: '',
  width: '',
  _properties: tuple(
    Dict.from({ id: 'title', type: 'string' }),
    Dict.from({ id: 'alt', type: 'string' }),
    Dict.from({ id: 'content_type', type: 'string', mode: 'w' }),
    Dict.from({ id: 'height', type: 'string' }),
    Dict.from({ id: 'width', type: 'string' }),
  ),
});
const view = { permission: Permissions.view };
declareClass(Image, {
  published: ['tag'],
  names: { tag: view, width: view, height: view, alt: view },
  signatures: {
    tag: 'height=None, width=None, alt=None, scale=0, xscale=0, yscale=0, css_class=None, title=None, **args',
  },
});
