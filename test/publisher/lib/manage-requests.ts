/** Forms of the management interface: what is made, changed, moved and deleted, and how it stands afterwards. */
import type { Random } from '../../restricted/programs.ts';
import type { WireRequest } from './both-sites.ts';
import { authorization } from './path-requests.ts';

const ADMIN = authorization('admin', 'secret');
const IDS = [
  'a',
  'b',
  'c',
  'note.txt',
  'page.html',
  'dot.gif',
  'x.css',
  'a b',
  'ü',
  'A',
  'index_html',
  'a',
  'b',
  'c',
];
const BAD_IDS = [
  '',
  '_x',
  'a/b',
  '..',
  '.',
  '<b>',
  'aq_parent',
  'REQUEST',
  'x__',
  'a?b',
  'a&b',
  'acl_users',
  'title',
  'manage_main',
  'objectIds',
  'a\nb',
  '@@x',
  '++x',
  'a:b',
  "a'b",
  ' ',
  ' a',
  'a ',
  'https://x',
  'x'.repeat(80),
  'a+b',
  'a,b',
  'a;b',
  '(a)',
];
const TITLES = ['', 'Title', 'Ä & <b>', 'two\nlines', ' padded '];
const TEXTS = [
  '',
  'text',
  '<p>ä</p>',
  '<dtml-var title>',
  'return 1',
  'line\r\nline',
  '<p tal:content="here/title">x</p>',
  '<dtml-var',
  'def (',
  '<p tal:content="here/">x</p>',
  'print("x")\r\nreturn printed',
  '<?xml version="1.0"?><a/>',
];
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  string: ['v', '', 'ä'],
  ustring: ['v'],
  int: ['1', '', 'x', '-3', '1.5'],
  float: ['1.5', '2', 'x', ''],
  long: ['12', '12L', 'x'],
  boolean: ['1', '', 'False', 'on'],
  date: ['2024/02/29', '2024-02-29 10:11:12 UTC', 'nonsense', ''],
  lines: ['a\r\nb', '', 'a'],
  ulines: ['a'],
  tokens: ['a b', ''],
  utokens: ['a b'],
  text: ['a\r\nb', ''],
  utext: ['x'],
  selection: ['names', 'nothing', ''],
  'multiple selection': ['names', 'nothing'],
  nonsense: ['v'],
};

type Field = readonly [name: string, value: string];

const some = <T>(random: Random, items: readonly T[], most: number): T[] =>
  Array.from({ length: 1 + random.below(most) }, () => random.pick(items));
const id = (random: Random) => (random.next() < 0.15 ? random.pick(BAD_IDS) : random.pick(IDS));
const encode = (fields: readonly Field[]) =>
  fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');

function form(random: Random, target: string, fields: readonly Field[]): WireRequest {
  const headers = random.next() < 0.97 ? [ADMIN] : [authorization('greta', 'pw:g')];
  // Methods that change something are asked for by forms.
  return {
    method: 'POST',
    target,
    headers: [...headers, ['Content-Type', 'application/x-www-form-urlencoded']],
    body: Buffer.from(encode(fields)),
    ownPage: true,
    clipboard: target.includes('paste'),
  };
}

function upload(random: Random, target: string, fields: readonly Field[], field: string): WireRequest {
  const parts = fields.map(
    ([name, value]) => `--frontier\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const type = random.pick([
    '',
    'Content-Type: text/plain\r\n',
    'Content-Type: image/gif\r\n',
    'Content-Type: application/octet-stream\r\n',
    'Content-Type: text/html; charset=utf-8\r\n',
  ]);
  const name = random.pick([
    'note.txt',
    'dot.gif',
    'page.html',
    'C:\\dir\\x.css',
    'ä.txt',
    '',
    'x.py',
    'a b.dtml',
    'x.unknown',
    'x.tar.gz',
  ]);
  const data = random.pick([
    Buffer.from('file text'),
    Buffer.from('R0lGODlhAgACAIAAABCAIP///ywAAAAAAgACAAACAkQBADs=', 'base64'),
    Buffer.alloc(0),
    Buffer.from('ü\n'),
    Buffer.from([0xff, 0xfe, 0]),
    Buffer.from('<html><body>x</body></html>'),
    Buffer.alloc(5000, 'x'),
  ]);
  return {
    ...form(random, target, []),
    headers: [ADMIN, ['Content-Type', 'multipart/form-data; boundary=frontier']],
    body: Buffer.concat([
      Buffer.from(
        `${parts.join('')}--frontier\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\n${type}\r\n`,
      ),
      data,
      Buffer.from('\r\n--frontier--\r\n'),
    ]),
  };
}

function add(random: Random, where: string): WireRequest {
  const fields: Field[] = [
    ['id', id(random)],
    ['title', random.pick(TITLES)],
  ];
  const ofs = `${where}/manage_addProduct/OFSP`;
  switch (random.below(9)) {
    case 0:
      return form(random, `${where}/manage_addFolder`, [
        ...fields,
        ...(random.next() < 0.2
          ? ([
              ['createPublic', '1'],
              ['createUserF', '1'],
            ] as Field[])
          : []),
      ]);
    case 1:
      return upload(random, `${random.next() < 0.5 ? ofs : where}/manage_addFile`, fields, 'file');
    case 2:
      return upload(random, `${random.next() < 0.5 ? ofs : where}/manage_addImage`, fields, 'file');
    case 3:
      return form(random, random.next() < 0.5 ? `${ofs}/addDTMLMethod` : `${where}/manage_addDTMLMethod`, [
        ...fields,
        ['file', random.pick(TEXTS)],
      ]);
    case 4:
      return form(
        random,
        random.next() < 0.5 ? `${ofs}/addDTMLDocument` : `${where}/manage_addDTMLDocument`,
        [
          ...fields,
          ['file', random.pick(TEXTS)],
          ...(random.next() < 0.2
            ? ([['submit', random.pick([' Add and Edit ', 'Add and Edit', 'Add'])]] as Field[])
            : []),
        ],
      );
    case 5:
      return form(random, `${where}/manage_addProduct/PageTemplates/manage_addPageTemplate`, [
        ...fields,
        ['text', random.pick(TEXTS)],
        ['submit', random.pick(['Add', 'Add and Edit'])],
      ]);
    case 6:
      return form(random, `${where}/manage_addProduct/PythonScripts/manage_addPythonScript`, [
        ...fields,
        ['submit', random.pick(['Add', 'Add and Edit'])],
      ]);
    case 7:
      return form(random, `${ofs}/manage_addOrderedFolder`, fields);
    default:
      return form(random, `${where}/manage_addFolder`, fields);
  }
}

/** A change of one object, of whatever kind it is. */
function change(random: Random, where: string): WireRequest {
  const object = `${where}/${encodeURIComponent(random.pick(IDS))}`;
  const type = random.pick(Object.keys(PROPERTIES));
  const at = random.next() < 0.4 ? where : object;
  switch (random.below(14)) {
    case 0:
    case 1:
      return form(random, `${at}/manage_addProperty`, [
        ['id', random.pick(['p', 'q', 'names', 'r', 'title', '', '_p', 'a b', 'objectIds', 'ü'])],
        ['value', random.pick(PROPERTIES[type]!)],
        ['type', type],
      ]);
    case 2:
      return form(random, `${at}/manage_addProperty`, [
        ['id', 'names'],
        ['value', 'a\r\nb'],
        ['type', 'lines'],
      ]);
    case 3:
      return form(
        random,
        `${at}/manage_changeProperties`,
        some(random, ['p', 'q', 'title', 'names', 'nothing', 'p:int', 'names:lines', 'content_type'], 3).map(
          (name) => [name, random.pick(['1', 'x', '', 'ä', '<b>'])],
        ),
      );
    case 4:
      return form(
        random,
        `${at}/manage_editProperties`,
        some(random, ['p:string', 'q:int', 'title:string', 'names:lines', 'p', 'title'], 3).map((name) => [
          name,
          random.pick(['1', 'x', '', 'ä']),
        ]),
      );
    case 5:
      return form(
        random,
        `${at}/manage_delProperties`,
        some(random, ['p', 'q', 'title', 'names', 'nothing'], 2).map((name) => ['ids:list', name]),
      );
    case 6:
      return form(random, `${object}/manage_edit`, [
        ['title', random.pick(TITLES)],
        ['data', random.pick(TEXTS)],
        [
          'content_type',
          random.pick([
            'text/plain',
            'text/html',
            '',
            'image/gif',
            'nonsense',
            'text/plain; charset=latin-1',
          ]),
        ],
        ...(random.next() < 0.4 ? ([['filedata', random.pick(TEXTS)]] as Field[]) : []),
      ]);
    case 7:
      return upload(random, `${object}/manage_upload`, [], 'file');
    case 8:
      return form(random, `${object}/pt_editAction`, [
        ['title', random.pick(TITLES)],
        ['text', random.pick(TEXTS)],
        ['content_type', random.pick(['text/html', 'text/xml', 'text/plain'])],
        ...(random.next() < 0.3 ? ([['expand:int', '1']] as Field[]) : []),
      ]);
    case 9:
      return form(random, `${object}/ZPythonScriptHTML_editAction`, [
        ['title', random.pick(TITLES)],
        ['params', random.pick(['', 'a', 'a, b=1', 'a=', '*a', 'def'])],
        ['body', random.pick(TEXTS)],
      ]);
    case 10:
      return form(random, `${at}/manage_setLocalRoles`, [
        ['userid', random.pick(['greta', 'admin', 'nobody', ''])],
        ...some(random, ['Owner', 'Gardener', 'Manager', 'Nonsense'], 2).map((role): Field => [
          'roles:list',
          role,
        ]),
      ]);
    case 11:
      return form(random, `${at}/manage_delLocalRoles`, [
        ['userids:list', random.pick(['greta', 'admin', 'nobody'])],
      ]);
    case 12:
      return form(random, `${at}/manage_changePropertyTypes`, [
        ['id', 'p'],
        ['type', type],
      ]);
    default:
      return form(random, `${at}/manage_propertyTypeForm`, []);
  }
}

function move(random: Random, where: string): WireRequest {
  const ids = (most: number) => some(random, IDS, most).map((each): Field => ['ids:list', each]);
  const target = random.next() < 0.5 ? where : `${where}/${encodeURIComponent(random.pick(IDS))}`;
  switch (random.below(8)) {
    case 0:
      return form(random, `${where}/manage_delObjects`, random.next() < 0.1 ? [] : ids(2));
    case 1: {
      const chosen = ids(2);
      return form(random, `${where}/manage_renameObjects`, [
        ...chosen,
        ...chosen.map((): Field => ['new_ids:list', id(random)]),
      ]);
    }
    case 2:
      return form(random, `${where}/manage_renameObject`, [
        ['id', random.pick(IDS)],
        ['new_id', id(random)],
      ]);
    case 3:
      return form(random, `${where}/manage_copyObjects`, random.next() < 0.1 ? [] : ids(3));
    case 4:
      return form(random, `${where}/manage_cutObjects`, random.next() < 0.1 ? [] : ids(2));
    case 5:
    case 6:
      return form(random, `${target}/manage_pasteObjects`, []);
    default:
      return form(
        random,
        `${where}/${random.pick(['manage_move_objects_up', 'manage_move_objects_down', 'manage_move_objects_to_top', 'manage_move_objects_to_bottom'])}`,
        [...ids(2), ...(random.next() < 0.3 ? ([['delta:int', '2']] as Field[]) : [])],
      );
  }
}

let made = 0;

function manage(random: Random): WireRequest[] {
  const name = `s${++made}`;
  const where = `/work/${name}`;
  const requests: WireRequest[] = [
    {
      ...form(
        random,
        random.next() < 0.3
          ? '/work/manage_addProduct/OFSP/manage_addOrderedFolder'
          : '/work/manage_addFolder',
        [['id', name]],
      ),
      headers: [ADMIN, ['Content-Type', 'application/x-www-form-urlencoded']],
    },
  ];
  for (let i = 0; i < 4; i++) requests.push(add(random, where));
  for (let i = 0; i < 8; i++) {
    const kind = random.next();
    requests.push(
      kind < 0.25 ? add(random, where) : kind < 0.65 ? change(random, where) : move(random, where),
    );
    requests.push({ method: 'GET', target: `${where}/look`, headers: [ADMIN] });
  }
  return requests;
}

export const manageRequests = { manage };
