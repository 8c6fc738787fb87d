/** Objects with all they contain as `.zexp` files (INVENTORY O-024). */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { aqBase, aqParent } from '../../persistent/index.ts';
import { BadRequest, HTTPRequest, HTTPResponse, quote } from '../../publisher/index.ts';
import { htmlQuote } from '../../restricted/index.ts';
import { connectionOf } from './copy-source.ts';
import type { Item } from './item.ts';
import type { ObjectManager } from './object-manager.ts';
import { CopyError } from './errors.ts';

interface Places {
  /** The directory whose `import` folder is looked at. */
  readonly instanceHome: string;
  /** Where exports are written. */
  readonly clientHome: string;
}

let places: Places | undefined;

/** Tells where the server keeps files for import and export. */
export function setExportPlaces(given: Places): void {
  places = given;
}

function known(): Places {
  if (places === undefined) throw new BadRequest('This server has no directory for exports');
  return places;
}

/** `filename` parameters for names of any characters (RFC 6266): clients that know one only get the letters of ASCII, as from Python. */
function disposition(name: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0020-\u007e]*$/.test(name)) return `inline; filename="${name.replaceAll(/["\\]/g, '_')}"`;
  const ascii = name.replaceAll(/[^\u0020-\u007e]/g, '').replaceAll(/["\\]/g, '_');
  return `inline; filename="${ascii}"; filename*=UTF-8''${quote(name)}`;
}

/** Several threads may export objects of one name at once, and nobody shall find a part of a file. */
function writeWhole(file: string, data: Uint8Array): void {
  const part = `${file}.${randomUUID()}`;
  try {
    writeFileSync(part, data);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

export function exportObject(
  container: ObjectManager,
  object: Item,
  id: string,
  download: unknown,
  response: unknown,
  request: unknown,
): unknown {
  const connection = connectionOf(object);
  if (connection === undefined) throw new CopyError(`Object "${id}" needs to be in the database`);
  const data = connection.exportFile(aqBase(object) as object);
  if (download) {
    if (response instanceof HTTPResponse) {
      response.setHeader('Content-Type', 'application/data');
      response.setHeader('Content-Disposition', disposition(`${id}.zexp`));
    }
    return data;
  }
  const file = path.join(known().clientHome, `${path.basename(id)}.zexp`);
  writeWhole(file, data);
  return request instanceof HTTPRequest
    ? container.manage_main(`"${id}" successfully exported to "${file}"`)
    : null;
}

export function importObject(
  container: ObjectManager,
  given: string,
  request: unknown,
  setOwner: boolean,
): unknown {
  const name = given.split('/').at(-1)!;
  if (name !== given || name === '' || name === '..')
    throw new BadRequest(`Invalid file name ${htmlQuote(name)}`);
  const { instanceHome, clientHome } = places ?? {};
  const file = [instanceHome, clientHome]
    .filter((place) => place !== undefined)
    .map((place) => path.join(place, 'import', name))
    .find((each) => existsSync(each));
  if (file === undefined) throw new BadRequest(`File does not exist: ${htmlQuote(name)}`);
  let at: object | null = container;
  while (at !== null && connectionOf(at) === undefined) at = aqParent(at) as object | null;
  if (at === null) throw new CopyError('The container is in no database');
  const object = connectionOf(at)!.importFile<Item>(file);
  if (request instanceof HTTPRequest) container._verifyObjectPaste(object, 0);
  const id = object.getId();
  container._setObject(id, object, { setOwner });
  container._getOb(id).manage_changeOwnershipType(0);
  return request instanceof HTTPRequest ? container.manage_main(`"${id}" successfully imported`) : null;
}

/** Names of the files that can be imported. */
export function importable(): string[] {
  const found = new Set<string>();
  for (const place of [places?.instanceHome, places?.clientHome]) {
    const folder = place === undefined ? '' : path.join(place, 'import');
    if (folder === '' || !existsSync(folder)) continue;
    for (const name of readdirSync(folder)) if (name.endsWith('.zexp')) found.add(name);
  }
  return [...found].sort();
}
