/** Where the files of this package lie: beside the sources, or beside the bundled code, whose modules lie elsewhere than their sources. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(import.meta.url);
const ending = path.extname(here);

/** The folder that has this package's `package.json`. */
export const packageRoot = rootAbove(path.dirname(here));

/** Whether the sources run themselves, as in tests. */
export const fromSource = ending === '.ts';

/** The folder of the rooms: `src`, or `dist` with the same files in the same places. */
export const roomsFolder = path.join(packageRoot, fromSource ? 'src' : 'dist');

function rootAbove(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'package.json'))) return at;
    if (path.dirname(at) === at) throw new Error(`${folder} lies in no package`);
  }
}

/** A file that is read at run time, by its path in `src/`, such as `zope/zmi/resources/zmi_base.css`. */
export const packageFile = (name: string): string => path.join(roomsFolder, name);

/** A module that a thread starts with, by its path in `src/` without an ending; the build has to know it as an entry. */
export const moduleUrl = (name: string): URL => pathToFileURL(path.join(roomsFolder, `${name}${ending}`));

/** A command of this package as a file for `node`. */
export const commandFile = (name: string): string => path.join(packageRoot, 'bin', `${name}.js`);

let version: string | undefined;

export function packageVersion(): string {
  version ??= (
    JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  ).version;
  return version;
}
