/** Folders of files that every site has, at `++resource++NAME/PATH` (Python's `browser:resourceDirectory`). */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { lookup } from 'mrmime';
import type { Declaration } from '../restricted/index.ts';
import type { HTTPRequest } from './request.ts';

export interface ResourceFolder {
  readonly folder: string;
  /** Who may have its files. */
  readonly declaration: Declaration;
}

export interface Resource {
  readonly declaration: Declaration;
  /** The file, or no body where the client has it already. */
  render(request: HTTPRequest): Uint8Array | string;
}

const PREFIX = '++resource++';
/** Such a file changes with the program only. */
const FRESH_SECONDS = 86_400;
const folders = new Map<string, ResourceFolder>();

/** Offers the files of a folder and of those below it; a name that is taken is given to the new folder. */
export function registerResources(name: string, folder: ResourceFolder): void {
  folders.set(name, folder);
}

/** The file at `names` below the namespace step `step`; undefined when there is none. */
export function resourceAt(step: string, names: readonly string[]): Resource | undefined {
  if (!step.startsWith(PREFIX)) return undefined;
  const found = folders.get(step.slice(PREFIX.length));
  if (found === undefined || names.length === 0) return undefined;
  if (names.some((name) => name.startsWith('.') || /[\0/\\]/.test(name))) return undefined;
  const file = path.join(found.folder, ...names);
  let changed: number;
  try {
    const stat = statSync(file);
    // A link may lead out of the folder.
    if (!stat.isFile() || realpathSync(file) !== path.join(realpathSync(found.folder), ...names))
      return undefined;
    changed = Math.floor(stat.mtimeMs / 1000);
  } catch {
    return undefined;
  }
  return { declaration: found.declaration, render: (request) => render(file, changed, request) };
}

function render(file: string, changed: number, { source, response }: HTTPRequest): Uint8Array | string {
  response.setHeader('Last-Modified', new Date(changed * 1000).toUTCString());
  response.setHeader('Cache-Control', `private,max-age=${FRESH_SECONDS}`);
  const since = Date.parse((source.header('if-modified-since') ?? '').split(';')[0]!);
  if (since / 1000 >= changed) {
    response.setStatus(304);
    return '';
  }
  const type = lookup(file) ?? 'application/octet-stream';
  response.setHeader('Content-Type', type.startsWith('text/') ? `${type}; charset=utf-8` : type);
  return readFileSync(file);
}
