/** Forms: names with converters, in query strings and in bodies of all kinds. */
import type { Random } from '../../restricted/programs.ts';
import type { WireRequest } from './both-sites.ts';

const NAMES = [
  'a',
  'b',
  'x',
  'a.b',
  'r.a',
  'r.b',
  'r.c',
  's.a',
  'r.s.a',
  'ä',
  'a-b',
  'a b',
  'r',
  '',
  'get',
  'r.get',
  'r.keys',
  '_x',
  'URL',
  'REQUEST_METHOD',
  'HTTP_X',
  'HTTP_HOST',
  'other',
  'PARENTS',
  'BODY',
  'x.y',
  '.a',
  'a.',
  'A',
];
const CONVERTERS = [
  'int',
  'float',
  'long',
  'string',
  'ustring',
  'bytes',
  'date',
  'date_international',
  'json',
  'required',
  'tokens',
  'utokens',
  'lines',
  'ulines',
  'text',
  'utext',
  'boolean',
];
const FLAGS = ['list', 'tuple', 'record', 'records', 'default', 'ignore_empty'];
const CHARSETS = [
  'utf8',
  'utf-8',
  'latin1',
  'latin-1',
  'iso-8859-1',
  'ascii',
  'cp1252',
  'utf-16',
  'utf_16_le',
  'koi8-r',
  'UTF8',
  'iso8859-15',
  'base64',
  'rot13',
  'hex',
  'big5',
  'shift_jis',
  'gbk',
  'utf_8_sig',
  'mbcs',
  'us-ascii',
  'mac_roman',
  'euc-jp',
];
const ODD = ['unknown', 'x', 'Int', '', '1a', 'int2', 'method_', 'in-t', 'i'];

const VALUES = [
  '',
  '1',
  '2',
  '-7',
  '007',
  ' 12 ',
  '+3',
  '1_000',
  '1.5',
  '.5',
  '1e3',
  'inf',
  'nan',
  '0x10',
  '12L',
  '1l',
  '99999999999999999999',
  '٣',
  'abc',
  'a b',
  '  a  b  ',
  'True',
  'False',
  'false',
  '0',
  'ä',
  '€',
  '日本',
  '😀',
  'line\nline',
  'l1\r\nl2\r\n',
  'x\n\ry',
  'a\rb',
  'a\u2028b',
  '<b>',
  '<script>x</script>',
  'a & b',
  '"q"',
  "it's",
  '{"a": [1, 2.5, null, true]}',
  '[1]',
  '{bad',
  '"\\u00e4"',
  '1 2',
  'NaN',
  '2024/02/29',
  '2024-02-29 10:11:12',
  '29.02.2024',
  '02/01/2024',
  '2024-02-30',
  '12:30',
  'now?',
  'Feb 29, 2024',
  '2024-02-29T10:11:12Z',
  '2024-02-29T10:11:12+02:00',
  '\u00a0x\u00a0',
  'a\tb',
  'x\u0000y',
  ';',
  '=',
  '&',
  '%41',
  '+',
  'a=b&c',
  '/probe',
  'probe',
  'a,b',
  '\ufeff1',
  '１２',
  '1'.repeat(50),
  '[',
  '{}',
  'null',
  '1e400',
  '-0',
  '-0.0',
  '0.1e-7',
  '1e22',
  '123456789012345678',
];
/** Bytes that are no text of UTF-8. */
const RAW = [
  '%E4',
  '%FF%FE',
  '%C3',
  '%C3%28',
  '%ED%A0%80',
  '%',
  '%zz',
  '%4',
  '%F0%9F%98%80',
  '%E4%F6',
  'a%00b',
];

function fieldName(random: Random): string {
  let name = random.pick(NAMES);
  const chance = random.next();
  const count = chance < 0.15 ? 0 : chance < 0.6 ? 1 : chance < 0.85 ? 2 : chance < 0.95 ? 3 : 4;
  for (let i = 0; i < count; i++) {
    const kind = random.next();
    const suffix =
      kind < 0.5
        ? random.pick(CONVERTERS)
        : kind < 0.82
          ? random.pick(FLAGS)
          : kind < 0.9
            ? random.pick(CHARSETS)
            : kind < 0.94
              ? random.pick(ODD)
              : kind < 0.96
                ? random.pick(['method', 'action', 'default_method', 'default_action'])
                : random.pick(FLAGS);
    name += `:${suffix}`;
  }
  if (random.next() < 0.03) name += random.pick(['.x', '.y', ':', '::', '.z']);
  return name;
}

/** Record fields that fit together, so that records have several attributes. */
function recordFields(random: Random): [string, string][] {
  const kind = random.pick([
    'record',
    'records',
    'record',
    'records',
    'record:default',
    'records:default',
    'records:ignore_empty',
  ]);
  const key = random.pick(['r', 's', 'r.s']);
  return Array.from({ length: 2 + random.below(5) }, () => {
    const converter =
      random.next() < 0.5
        ? ''
        : `:${random.pick([...CONVERTERS, 'list', 'tuple', 'int:list', 'tokens:list', 'int:tuple', 'default', 'boolean'])}`;
    const other =
      random.next() < 0.15 ? random.pick(['record', 'records', 'record:default', 'records:default']) : kind;
    const name =
      random.next() < 0.5
        ? `${key}.${random.pick(['a', 'b', 'c'])}${converter}:${other}`
        : `${key}.${random.pick(['a', 'b'])}:${other}${converter}`;
    return [name, random.pick(['1', '2', '', 'x', 'a b', '<b>', '3.5'])];
  });
}

/** Defaults and what overrides them. */
function defaultFields(random: Random): [string, string][] {
  const key = random.pick(['a', 'x']);
  const type = random.pick([
    '',
    ':int',
    ':list',
    ':int:list',
    ':tuple',
    ':tokens',
    ':lines',
    ':boolean',
    ':text',
  ]);
  return Array.from({ length: 1 + random.below(4) }, () => [
    `${key}${random.next() < 0.7 ? type : random.pick(['', ':int', ':list'])}${random.next() < 0.5 ? ':default' : random.next() < 0.2 ? ':ignore_empty' : ''}`,
    random.pick(['', '1', '2', 'x', 'a b', '1']),
  ]);
}

function fields(random: Random): [string, string][] {
  const kind = random.next();
  if (kind < 0.15) return recordFields(random);
  if (kind < 0.25) return defaultFields(random);
  const count = 1 + random.below(4);
  const names: string[] = [];
  return Array.from({ length: count }, () => {
    const name = names.length > 0 && random.next() < 0.35 ? random.pick(names) : fieldName(random);
    names.push(name);
    return [name, random.pick(VALUES)];
  });
}

const percent = (bytes: Buffer): string =>
  [...bytes]
    .map((byte) =>
      /[A-Za-z0-9_.:-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');

export function encoded(
  random: Random,
  list: readonly (readonly [string, string])[],
  charset: BufferEncoding = 'utf8',
): string {
  return list
    .map(([name, value]) => {
      const text = random.next() < 0.06 ? random.pick(RAW) : percent(Buffer.from(value, charset));
      const key = percent(Buffer.from(name, charset));
      if (random.next() < 0.02) return key;
      return `${key}=${random.next() < 0.3 ? text.replaceAll('%20', '+') : text}`;
    })
    .join(random.next() < 0.03 ? random.pick(['&&', ';', '&amp;']) : '&');
}

const target = (random: Random) =>
  random.pick(['/probe', '/probe', '/probe', '/tree/probe', '/probe/', '/paged/probe', '/paged/probe']);

function query(random: Random): WireRequest[] {
  return [
    {
      method: random.pick(['GET', 'GET', 'GET', 'GET', 'POST']),
      target: `${target(random)}?${encoded(random, fields(random))}`,
    },
  ];
}

const FORM_TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded; charset=iso-8859-1',
  'application/x-www-form-urlencoded;charset="latin-1"',
  'APPLICATION/X-WWW-FORM-URLENCODED',
  'application/x-url-encoded',
  'application/x-www-form-urlencoded; charset=ascii',
  'application/json',
  'text/plain',
  '',
];

function urlencoded(random: Random): WireRequest[] {
  const type = random.next() < 0.8 ? FORM_TYPES[0]! : random.pick(FORM_TYPES);
  const charset = /latin|8859/.test(type) && random.next() < 0.7 ? 'latin1' : 'utf8';
  const search = random.next() < 0.3 ? `?${encoded(random, fields(random))}` : '';
  return [
    {
      method: random.pick(['POST', 'POST', 'POST', 'POST', 'GET']),
      target: `${target(random)}${search}`,
      headers: type === '' ? [] : [['Content-Type', type]],
      body: Buffer.from(encoded(random, fields(random), charset), 'latin1'),
    },
  ];
}

const FILENAMES = [
  'note.txt',
  'a b.txt',
  'ä.txt',
  'C:\\dir\\file.txt',
  'say "hi".txt',
  "it's",
  '',
  '../up',
  'x;y.txt',
  'x%22y',
  'x%0D%0Ay',
  'a\\b',
  '日本.txt',
];
const escapedQuotes = (random: Random, text: string) =>
  random.next() < 0.5 ? text.replaceAll('"', '%22') : text.replaceAll('"', '\\"');

function part(random: Random, [name, value]: readonly [string, string]): Buffer {
  const quoted = escapedQuotes(random, name);
  const kind = random.next();
  let disposition =
    kind < 0.85
      ? `form-data; name="${quoted}"`
      : kind < 0.88
        ? `form-data; name=${quoted.replaceAll(/[ ;"]/g, '')}`
        : kind < 0.9
          ? `form-data; NAME="${quoted}"`
          : kind < 0.92
            ? `form-data; name*=utf-8''${encodeURIComponent(name)}`
            : kind < 0.94
              ? `Form-Data;name="${quoted}"; size=3`
              : kind < 0.96
                ? `form-data;   name="${quoted}"  `
                : kind < 0.97
                  ? 'form-data'
                  : kind < 0.98
                    ? `attachment; name="${quoted}"`
                    : `form-data; name="${quoted}"; name="other"`;
  let data = Buffer.from(value);
  const lines: string[] = [];
  const file = random.next();
  if (file < 0.3) {
    const filename = random.pick(FILENAMES);
    const how = random.next();
    disposition +=
      how < 0.7
        ? `; filename="${escapedQuotes(random, filename)}"`
        : how < 0.8
          ? `; filename*=utf-8''${encodeURIComponent(filename)}`
          : how < 0.9
            ? `; filename="x"; filename*=utf-8''${encodeURIComponent(filename)}`
            : how < 0.95
              ? `; filename=${filename.replaceAll(/[ ;"]/g, '')}`
              : `; filename*=iso-8859-1'en'%E4.txt`;
    if (random.next() < 0.6)
      lines.push(
        `Content-Type: ${random.pick(['text/plain', 'image/gif', 'application/octet-stream', 'text/plain; charset=latin-1', 'nonsense', ''])}`,
      );
    if (random.next() < 0.2)
      data = Buffer.alloc(random.pick([0, 1, 10, 5000]), random.pick(['x', '\0', '\xff', '\r\n']), 'latin1');
  } else if (file < 0.4) {
    lines.push(
      `Content-Type: text/plain; charset=${random.pick(['utf-8', 'latin-1', 'iso-8859-1', 'ascii', 'unknown', 'utf-16'])}`,
    );
    if (random.next() < 0.4) data = Buffer.from(value, 'latin1');
  } else if (file < 0.43) lines.push('Content-Transfer-Encoding: binary');
  else if (file < 0.46) lines.push('X-Header: Value', 'x-header: other');
  lines.splice(
    random.below(lines.length + 1),
    0,
    `${random.pick(['Content-Disposition', 'Content-Disposition', 'content-disposition'])}: ${disposition}`,
  );
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), data]);
}

function multipart(random: Random): WireRequest[] {
  const boundary = random.pick(['xyz', '----WebKitFormBoundaryAbC123', "bound'ary()+_,-./:=?", 'a b']);
  const shown = /[^\w'-]/.test(boundary) || random.next() < 0.3 ? `"${boundary}"` : boundary;
  const list = fields(random);
  const chunks: Buffer[] = [];
  for (const field of list)
    chunks.push(Buffer.from(`--${boundary}\r\n`), part(random, field), Buffer.from('\r\n'));
  const end = random.next();
  if (end < 0.95) chunks.push(Buffer.from(`--${boundary}--\r\n`));
  else if (end < 0.97) chunks.push(Buffer.from(`--${boundary}--`));
  else if (end < 0.98) chunks.push(Buffer.from(`--${boundary}--\r\nepilogue`));
  if (random.next() < 0.03) chunks.unshift(Buffer.from('preamble\r\n'));
  const search = random.next() < 0.25 ? `?${encoded(random, fields(random))}` : '';
  return [
    {
      method: 'POST',
      target: `${target(random)}${search}`,
      headers: [
        [
          'Content-Type',
          `multipart/form-data; boundary=${shown}${random.next() < 0.1 ? '; charset=utf-8' : ''}`,
        ],
      ],
      body: Buffer.concat(chunks),
    },
  ];
}

function tainted(random: Random): WireRequest[] {
  const values = [
    '<b>',
    'plain',
    '<script>alert(1)</script>',
    'a<b',
    '&lt;',
    '"<"',
    '',
    'x > y',
    '<',
    '< b',
    '<ä>',
  ];
  const list: [string, string][] = Array.from({ length: 1 + random.below(3) }, () => [
    random.pick([
      'x',
      'x',
      'x',
      'y:list',
      'y:tokens',
      'y:lines',
      'x:text',
      'x:string',
      'x:int',
      'r.x:record',
      'x:required',
      'x:json',
      'z',
      'y:list',
      'x:bytes',
      'x:list',
      'y:tuple',
      '<x>',
      'r.x:records',
    ]),
    random.pick(values),
  ]);
  const page = random.pick([
    '/taint',
    '/taintdoc',
    '/plainvar',
    '/page',
    '/document',
    '/method',
    '/paged/taint',
  ]);
  if (random.next() < 0.25)
    return [
      {
        method: 'GET',
        target: page,
        headers: [
          [
            'Cookie',
            list.map(([name, value]) => `${name.split(':')[0]}=${encodeURIComponent(value)}`).join('; '),
          ],
        ],
      },
    ];
  if (random.next() < 0.3)
    return [
      {
        method: 'POST',
        target: page,
        headers: [['Content-Type', 'application/x-www-form-urlencoded']],
        body: Buffer.from(encoded(random, list)),
      },
    ];
  return [{ method: 'GET', target: `${page}?${encoded(random, list)}` }];
}

/** Buttons that name a method. */
function buttons(random: Random): WireRequest[] {
  const names = [
    'probe',
    'where',
    'two',
    'nothing',
    'manage_main',
    'tree/where',
    '_x',
    'objectIds',
    'index_html',
    '',
  ];
  const list: [string, string][] = Array.from({ length: 1 + random.below(2) }, () => [
    `${random.pick(names)}:${random.pick(['method', 'action', 'default_method', 'default_action', 'method:int', 'method.x', 'int:method'])}`,
    random.pick(['Press', '', 'probe', 'where', '/probe']),
  ]);
  if (random.next() < 0.4) list.push(['a:int', '1']);
  const where = random.pick([
    '/',
    '/tree',
    '/args',
    '/tree/',
    '/tree/beds/rose',
    '/tree/nothing',
    '/page',
    '/paged',
    '/closed',
    '/files/digits',
    '/tree/deep',
  ]);
  const ownPage = list.some(([name]) => name.startsWith('manage_'));
  if (random.next() < 0.5) return [{ method: 'GET', target: `${where}?${encoded(random, list)}`, ownPage }];
  return [
    {
      method: 'POST',
      target: where,
      ownPage,
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: Buffer.from(encoded(random, list)),
    },
  ];
}

export const formRequests = { query, urlencoded, multipart, tainted, buttons };
