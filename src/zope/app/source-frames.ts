/** The frames of an error's stack for a reader: places in the TypeScript sources, with the code around them. */
import { existsSync, readFileSync } from 'node:fs';
import { findSourceMap, SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedName, generatedPlace } from '../../paste/index.ts';
import { roomsFolder } from '../package-files.ts';

export interface SourceLine {
  readonly number: number;
  readonly text: string;
  /** Whether it is the line of the frame. */
  readonly here: boolean;
}

export interface SourceFrame {
  readonly name: string;
  /** Path of the source, or what code without a file is called. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Lines around the place; none where the source is not there. */
  readonly code: readonly SourceLine[];
  /** Whether the code is of this package, and not of the site. */
  readonly library: boolean;
}

const LINES_AROUND = 4;
const FRAME = /^ +at (?:(.*?) \()?(.+?):(\d+):(\d+)\)?$/;

/** The frames of an error, innermost first, without those of Node itself. */
export function sourceFrames(error: Error): SourceFrame[] {
  const frames: SourceFrame[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, name = '', given, lineNumber, column] = match;
    if (given!.startsWith('node:')) continue;
    frames.push(frameAt(name, given!, Number(lineNumber), Number(column)));
  }
  return frames;
}

function frameAt(name: string, given: string, line: number, column: number): SourceFrame {
  const generated = generatedPlace(given, line);
  if (generated !== undefined)
    return {
      name: generatedName(name),
      file: generated.file,
      line: generated.line ?? 0,
      column,
      code: [],
      library: false,
    };
  const file = given.startsWith('file:') ? fileURLToPath(given) : given;
  const library =
    file.startsWith(roomsFolder + path.sep) && !file.includes(`${path.sep}node_modules${path.sep}`);
  const shown = name.replace(/^async /, '') || '<module>';
  const place = original(file, line, column) ?? { file, line, column };
  return { name: shown, ...place, code: codeAround(place.file, place.line), library };
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const maps = new Map<string, SourceMap | undefined>();

/** The map of a compiled file: the one that Node knows, or the one that lies beside it. */
function mapOf(file: string): SourceMap | undefined {
  if (!path.isAbsolute(file)) return undefined;
  if (!maps.has(file)) {
    const beside = `${file}.map`;
    let map = findSourceMap(file);
    if (map === undefined && existsSync(beside)) {
      map = new SourceMap(
        JSON.parse(readFileSync(beside, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
      );
    }
    maps.set(file, map);
  }
  return maps.get(file);
}

function original(file: string, line: number, column: number): Place | undefined {
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (entry === undefined || !('originalSource' in entry)) return undefined;
  const source = entry.originalSource;
  return {
    file: source.startsWith('file:') ? fileURLToPath(source) : path.resolve(path.dirname(file), source),
    line: entry.originalLine + 1,
    column: entry.originalColumn + 1,
  };
}

function codeAround(file: string, line: number): SourceLine[] {
  if (!path.isAbsolute(file) || !existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = Math.max(1, line - LINES_AROUND);
  return lines
    .slice(first - 1, line + LINES_AROUND)
    .map((text, index) => ({ number: first + index, text, here: first + index === line }));
}
