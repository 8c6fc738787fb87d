// The layer rule: a room of src/ imports only from itself and from rooms below it, and other rooms only through
// their index.ts.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const rooms = [
  'zope',
  'publisher',
  'access',
  'catalog',
  'templates',
  'restricted',
  'paste',
  'zeo',
  'relstorage',
  'zodb',
  'btrees',
  'transaction',
  'persistent',
  'zconfig',
  'pickle',
];
const src = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'src');
const errors = [];
let count = 0;

for (const room of readdirSync(src)) {
  if (!rooms.includes(room)) errors.push(`src/${room}: not a room (${rooms.join(', ')})`);
}
for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
  count++;
  const file = path.join(entry.parentPath, entry.name);
  const name = path.relative(src, file);
  const room = name.split(path.sep)[0];
  const text = readFileSync(file, 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'/g;
  for (const match of text.matchAll(pattern)) {
    const target = match[1] ?? match[2] ?? match[3];
    if (!target.startsWith('.')) continue;
    const other = path.relative(src, path.resolve(path.dirname(file), target));
    const otherRoom = other.split(path.sep)[0];
    if (otherRoom === room) continue;
    if (otherRoom === '..') errors.push(`${name}: imports ${target}, outside of src`);
    else if (rooms.indexOf(otherRoom) < rooms.indexOf(room))
      errors.push(`${name}: imports up, from ${otherRoom}`);
    else if (other !== path.join(otherRoom, 'index.ts')) {
      errors.push(`${name}: imports ${other}; another room is imported through its index.ts`);
    }
  }
}
for (const error of errors) console.error(error);
console.log(`layers: ${count} files, ${errors.length} errors`);
process.exitCode = errors.length > 0 ? 1 : 0;
