import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'src/zodb/README.md'), 'utf8');
const [example, blobs] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!) as [
  string,
  string,
];

it('the example of the README runs, and runs again on the file that it has made', () => {
  const program = example.replaceAll(
    /'zope-ts\/(\w+)'/g,
    (_all, room: string) => `'${pathToFileURL(path.join(root, 'src', room, 'index.ts')).href}'`,
  );
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-readme-'));
  try {
    const file = path.join(directory, 'example.ts');
    writeFileSync(file, program);
    const loader = pathToFileURL(path.join(root, 'scripts/register-ts.js')).href;
    const run = () =>
      execFileSync(process.execPath, ['--no-warnings', '--import', loader, file], {
        cwd: directory,
        encoding: 'utf8',
      });
    expect(run()).toBe('Hello\n');
    expect(run()).toBe('Hello\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** What the types must know without being told, and must refuse. */
const TYPES = `
import { DB, MappingStorage } from 'zope-ts/zodb';
import { Persistent, PersistentMapping } from 'zope-ts/persistent';
import { Length, OOBTree } from 'zope-ts/btrees';
class Page extends Persistent { title = ''; tags: string[] = []; }
interface Root { page: Page; pages: PersistentMapping<string, Page>; index: OOBTree<string, Page>; count: Length }
const connection = new DB(new MappingStorage()).open();
const root = connection.root<Root>();
const title: string = root.get('page')!.title;
const found: Page | undefined = root.get('pages')!.get('a');
const indexed: Page | undefined = root.get('index')!.get('a');
for (const [key, page] of root.get('index')!.entries()) { const text: string = key + page.title; void text; }
root.get('count')!.change(1);
const size: number | bigint = root.get('count')!.value;
const tags: string[] = connection.traverse<Page>('pages/a').tags;
const copy: Page = connection.copyObject(root.get('page')!);
const sum: number = connection.db.transaction((own) => own.root<Root>().get('pages')!.size);
void [title, found, indexed, size, tags, copy, sum];
// @ts-expect-error there is no such key
root.get('missing');
// @ts-expect-error not a page
root.set('page', 'text');
// @ts-expect-error not a page
root.get('pages')!.set('a', 1);
// @ts-expect-error keys are texts
root.get('index')!.get(1);
`;

it('the examples and the types of roots, mappings and trees are what the compiler expects', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'zodb-readme-'));
  try {
    const sources = {
      'example.ts': example,
      'blobs.ts': `import { type Connection } from 'zope-ts/zodb';
import { Blob, DB, FileStorage } from 'zope-ts/zodb';
import { transaction } from 'zope-ts/transaction';
declare const connection: Connection;
const root = connection.root();
${blobs}
export { DB, FileStorage };`,
      'types.ts': TYPES,
      'package.json': '{ "type": "module" }',
    };
    for (const [name, source] of Object.entries(sources)) writeFileSync(path.join(directory, name), source);
    writeFileSync(
      path.join(directory, 'tsconfig.json'),
      JSON.stringify({
        extends: path.join(root, 'tsconfig.json'),
        compilerOptions: {
          noEmit: true,
          noUnusedLocals: false,
          incremental: false,
          tsBuildInfoFile: null,
          typeRoots: [path.join(root, 'node_modules/@types')],
          paths: { 'zope-ts/*': [path.join(root, 'src/*/index.ts')] },
        },
        include: ['*.ts'],
        exclude: [],
      }),
    );
    const { status, stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', directory],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
