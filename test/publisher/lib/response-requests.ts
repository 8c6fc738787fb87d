/** Answers: what scripts set about them, exceptions, files with their headers. */
import type { Random } from '../../restricted/programs.ts';
import type { WireRequest } from './both-sites.ts';

type Step = readonly [operation: string, args: readonly unknown[], names: Readonly<Record<string, unknown>>];

const t = (...items: unknown[]) => ({ t: items });
const b = (text: string) => ({ b: text });
const o = (name: string) => ({ o: name });

const STATUSES = [
  200,
  201,
  204,
  206,
  300,
  301,
  302,
  303,
  304,
  307,
  308,
  400,
  401,
  402,
  403,
  404,
  405,
  406,
  409,
  410,
  412,
  413,
  414,
  416,
  418,
  422,
  423,
  424,
  428,
  429,
  431,
  451,
  500,
  501,
  502,
  503,
  504,
  507,
  511,
  0,
  99,
  199,
  299,
  600,
  999,
  -1,
  '200',
  '404',
  '599',
  'OK',
  'ok',
  'Not Found',
  'notfound',
  'not found',
  'NotFound',
  'KeyError',
  'valueerror',
  'NameError',
  'redirect',
  'Redirect',
  'nocontent',
  'No Content',
  'ResourceLockedError',
  'unauthorized',
  'nonsense',
  '',
  'moved permanently',
  'Found',
  'BadRequest',
  'internalservererror',
  'Teapot',
  "I'm a teapot",
  o('class'),
  { f: '200.0' },
  { f: '404.5' },
  true,
  o('none'),
];
const REASONS = ['Fine', '', 'Ä', o('none'), 'a b c', 'Not Found'];

const NAMES = [
  'X-Test',
  'x-test',
  'X_Test',
  'content-type',
  'Content-Type',
  'CONTENT-TYPE',
  'Content-Length',
  'content-length',
  'Location',
  'ETag',
  'Etag',
  'WWW-Authenticate',
  'Vary',
  'Cache-Control',
  'Last-Modified',
  'X-A-B-C',
  'xYZ',
  'Content-Disposition',
  'content-disposition',
  'Content-Encoding',
  'Link',
  'Set-Cookie',
  'X-1a',
  'Content-Language',
];
const VALUES = [
  'v',
  '',
  'a b',
  'ä',
  '€',
  'a\r\nb',
  'a\nX-Evil: 1',
  ' padded ',
  12,
  { f: '1.5' },
  o('none'),
  o('true'),
  ['a', 'b'],
  t('a'),
  b('bytes'),
  b('\xe4'),
  'x; y="z"',
  '"quoted"',
  'a,b',
  'text/html',
  'text/html; charset=iso-8859-1',
  'text/plain;charset=latin-1',
  'application/json',
  'application/xml; charset=utf-8',
  'image/png',
  'TEXT/HTML',
  'text/html; charset="utf-8"',
  'text/html; CHARSET=utf-8',
  'text/html; charset=unknown',
  'attachment; filename="x.txt"',
  'attachment; filename="ä.txt"',
  'attachment; filename="€.txt"',
  'attachment; filename=日本.txt; x="€"',
  'text/html; charset=utf-16',
  'text/html;charset=ascii',
  'gzip',
  '0',
  '5',
  'text/',
  'text/x; charset=koi8-r',
  'application/x; charset=',
  'foo; charset=latin-1',
  'text/html; charset=utf-8; x=1',
  'text/css',
  'application/javascript',
  'text/xml',
];
const TYPES = [
  'text/html',
  'text/html; charset=iso-8859-1',
  'text/plain;charset=latin-1',
  'application/json',
  'application/xml; charset=utf-8',
  'image/png',
  'TEXT/HTML',
  'text/html; charset="utf-8"',
  'text/html; charset=utf-16',
  'text/html;charset=ascii',
  'text/',
  'text/x; charset=koi8-r',
  'application/xhtml+xml',
  'text/xml',
  'application/octet-stream',
  'text/html; charset=unknown',
  '',
  'x',
  'text/html; charset=cp1252',
  'text/html; charset=big5',
  'text/html; charset=utf-8; boundary=x',
  'text/html ; charset=latin-1',
  'application/xml;charset=latin-1',
  'image/svg+xml;charset=latin-1',
];

const BODIES = [
  '',
  'text',
  'ä€',
  '😀',
  '<html><head></head><body>x</body></html>',
  '<html><head><base href="x"></head></html>',
  '<HTML><HEAD x="1"><title>t</title></HEAD>',
  '<p>a</p>',
  '<?xml version="1.0"?><a/>',
  '<?xml version="1.0" encoding="latin-1"?><a>ä</a>',
  '<?xml',
  'plain </b>',
  '<Folder at 0x1234abcd>',
  '<X 0xff>',
  'x'.repeat(300),
  'a\r\nb',
  '\ud800',
  0,
  1,
  -5,
  { f: '1.5' },
  { f: '1e100' },
  o('none'),
  o('true'),
  o('false'),
  [],
  ['a', 1],
  t(),
  t('a'),
  t('title', 'body'),
  t('a', 'b', 'c'),
  t('<b>', 'ü'),
  { d: [] },
  { d: [['a', 1]] },
  b(''),
  b('bytes'),
  b('\xe4\xff'),
  b('<html><head></head></html>'),
  b('<X 0xff>'),
  o('context'),
  o('script'),
  o('class'),
  { date: '2024/02/29 10:11:12 UTC' },
  12345678901234567168,
  ' ',
  '\n',
  'İ',
  '\u00e4'.repeat(100),
];

const PARAMETERS: Readonly<Record<string, readonly unknown[]>> = {
  path: ['/', '/a b', '/ä', '/a%20b', '/a;b', '', 'x', o('none'), o('context'), "/it's(1)*", '/a?b'],
  Path: ['/'],
  domain: ['zope.test', '.zope.test', 'münchen.test', 'xn--mnchen-3ya.test', '', b('zope.test'), 'ZOPE.test'],
  expires: [
    'Wed, 31 Dec 1997 23:59:59 GMT',
    0,
    1000000000,
    { f: '1e9' },
    { date: '2024/02/29 10:11:12 UTC' },
    { date: '2024/02/29 10:11:12 GMT+5' },
    o('none'),
    [],
    'soon',
    2147483648,
    -1,
  ],
  max_age: [0, 1, -1, 3600, '60', 'x', o('none')],
  'Max-Age': [5],
  'max-age': [6],
  secure: [o('true'), o('false'), 1, 0, '', 'x', o('none')],
  http_only: [o('true'), o('false'), 1],
  httponly: [o('true')],
  HttpOnly: [1],
  'http-only': [1],
  same_site: ['Lax', 'lax', 'STRICT', 'none', 'x', o('none'), ''],
  samesite: ['Lax'],
  SameSite: ['Strict'],
  comment: ['c', 'ä', 'a;b', 'a\nb', 1, o('none'), '€', b('x')],
  quoted: [o('true'), o('false')],
  nonsense: ['x'],
  version: [1],
};
const COOKIE_NAMES = ['a', 'b', 'a b', 'ä', 'a=b', 'a;b', '', '__ac', 'A'];
const COOKIE_VALUES = [
  'v',
  '',
  'a b',
  'ä',
  '€',
  '"q"',
  'a;b',
  'a=b',
  'a,b',
  '%41',
  'a+b',
  'a\r\nb',
  'x/y',
  '~',
  "it's",
  1,
  { f: '1.5' },
  o('none'),
  b('bytes'),
  b('\xe4'),
  o('true'),
  [],
  '<b>',
  '{"a": 1}',
  'a'.repeat(100),
  '*@-_.',
  '()!',
];

const TARGETS = [
  '/',
  '/tree',
  'tree',
  'http://other.test/',
  'https://other.test/x?a=b#c',
  'http://other.test/ä',
  '/a b',
  '/a%20b',
  '/a%20b c',
  '?x=1',
  '?x=a b&y=ä',
  '#f',
  '',
  'ftp://x/y',
  'javascript:alert(1)',
  '//other.test/x',
  'http://other.test:8080/x;p=1',
  'http://user:pw@other.test/',
  'http://[::1]/',
  '/x\r\ny',
  '/x\tz',
  'http://münchen.test/',
  '/€',
  '/a|b',
  '/<b>',
  "/it's",
  '/a?b?c',
  '/a#b#c',
  'mailto:a@b',
  '/a;b;c',
  'http:///x',
  'http:x',
  '/a\\b',
  b('/bytes'),
  b('/\xc3\xa4'),
  b('/\xe4'),
  o('none'),
  1,
  '/x?a=%41 b',
  '/[x]',
  '/{x}',
  '/^`',
  'HTTP://Other.test/',
  '/a:b',
  'a:b',
  '/x ',
  ' /x',
  '/@@view',
  '/++x',
  '//',
  '///x',
  '/a//b',
  'http://other.test?x',
  'http://other.test#x',
  '/?',
  '/#',
  '/%zz',
];

const pickSome = <T>(random: Random, items: readonly T[], most: number): T[] =>
  Array.from({ length: random.below(most + 1) }, () => random.pick(items));

function cookieNames(random: Random): Record<string, unknown> {
  return Object.fromEntries(
    pickSome(random, Object.keys(PARAMETERS), 3).map((name) => [name, random.pick(PARAMETERS[name]!)]),
  );
}

function step(random: Random, kind: string): Step {
  switch (kind) {
    case 'status':
      return [
        'setStatus',
        [random.pick(STATUSES), ...(random.next() < 0.3 ? [random.pick(REASONS)] : [])],
        random.next() < 0.15 ? { lock: 1 } : {},
      ];
    case 'header':
      return [
        'setHeader',
        [random.pick(NAMES), random.pick(VALUES), ...(random.next() < 0.2 ? [1] : [])],
        {},
      ];
    case 'add':
      return [
        'addHeader',
        [random.pick(NAMES.filter((name) => !/length/i.test(name))), random.pick(VALUES)],
        {},
      ];
    case 'append':
      return [
        'appendHeader',
        [
          random.pick(NAMES),
          random.pick(VALUES),
          ...(random.next() < 0.3 ? [random.pick(['; ', ',', ''])] : []),
        ],
        {},
      ];
    case 'item':
      return ['item', [random.pick(NAMES), random.pick(VALUES)], {}];
    case 'get':
      return ['getHeader', [random.pick(NAMES), ...(random.next() < 0.3 ? [1] : [])], {}];
    case 'type':
      return ['setHeader', ['Content-Type', random.pick(TYPES)], {}];
    case 'cookie':
      return ['setCookie', [random.pick(COOKIE_NAMES), random.pick(COOKIE_VALUES)], cookieNames(random)];
    case 'expire':
      return ['expireCookie', [random.pick(COOKIE_NAMES)], cookieNames(random)];
    case 'appendCookie':
      return ['appendCookie', [random.pick(COOKIE_NAMES), random.pick(COOKIE_VALUES)], {}];
    case 'redirect':
      return [
        'redirect',
        [random.pick(TARGETS), ...(random.next() < 0.3 ? [random.pick(STATUSES)] : [])],
        random.next() < 0.15 ? { lock: 1 } : {},
      ];
    case 'body':
      return [
        'setBody',
        [random.pick(BODIES)],
        random.next() < 0.2
          ? { title: random.pick(['T', 'ü', '<b>', '', 1]) }
          : random.next() < 0.1
            ? { lock: 1 }
            : random.next() < 0.1
              ? { is_error: 1 }
              : {},
      ];
    case 'base':
      return ['setBase', [random.pick(['http://x/', 'http://x', '', o('none'), '/a&b"c', 'ü'])], {}];
    case 'write':
      return ['write', [random.pick([b('part'), b(''), b('\xe4'), b('<html><head></head>')])], {}];
    case 'compress':
      return [
        'enableHTTPCompression',
        random.next() < 0.6 ? [o('request')] : [],
        random.pick([{}, {}, { force: 1 }, { disable: 1 }, { query: 1 }]),
      ];
    case 'isHTML':
      return [
        'isHTML',
        [
          random.pick(
            BODIES.filter((body) => typeof body === 'string' || (body as { b?: string }).b !== undefined),
          ),
        ],
        {},
      ];
    default:
      return ['return', [random.pick(BODIES)], {}];
  }
}

/** A request for /do, which carries the program that it runs. */
function program(
  random: Random,
  steps: readonly Step[],
  where = '/do',
  headers: readonly (readonly [string, string])[] = [],
): WireRequest {
  const text = JSON.stringify(steps).replaceAll(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return {
    method: random.next() < 0.92 ? 'GET' : random.pick(['POST', 'HEAD']),
    target: `${where}?p:json=${encodeURIComponent(text)}`,
    headers,
  };
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  statuses: ['status', 'status', 'redirect', 'type'],
  headers: ['header', 'header', 'add', 'append', 'append', 'item', 'get', 'type'],
  cookies: ['cookie', 'cookie', 'cookie', 'expire', 'appendCookie'],
  bodies: ['body', 'body', 'type', 'base', 'status', 'isHTML'],
  redirects: ['redirect', 'redirect', 'header'],
  writing: ['write', 'write', 'header', 'type', 'status'],
  compression: ['compress', 'type', 'body'],
};

const programs =
  (kinds: readonly string[]) =>
  (random: Random): WireRequest[] => {
    const steps = Array.from({ length: 1 + random.below(3) }, () => step(random, random.pick(kinds)));
    const end = random.next();
    if (end < 0.6) steps.push(step(random, 'return'));
    else if (end < 0.7) steps.push(['raw', ['printed ä'], {}]);
    const headers: [string, string][] =
      kinds.includes('compress') && random.next() < 0.7
        ? [['Accept-Encoding', random.pick(['gzip', 'gzip, deflate', 'deflate', 'identity', 'xgzip', ''])]]
        : [];
    return [program(random, steps, random.pick(['/do', '/do', '/paged/do']), headers)];
  };

const TYPES_OF_ERRORS = [
  'ValueError',
  'KeyError',
  'TypeError',
  'AttributeError',
  'IndexError',
  'ZeroDivisionError',
  'RuntimeError',
  'NameError',
  'Exception',
  'LookupError',
  'ArithmeticError',
  'NotImplementedError',
  'OverflowError',
  'AssertionError',
  'UnicodeError',
  'NotFound',
  'Redirect',
  'BadRequest',
  'Forbidden',
  'Unauthorized',
  'InternalError',
  'MethodNotAllowed',
  'ResourceLockedError',
  'HTTPGone',
  'HTTPConflict',
  'HTTPNotModified',
  'HTTPMovedPermanently',
  'HTTPSeeOther',
  'HTTPOk',
  'HTTPNoContent',
  'HTTPServiceUnavailable',
  'HTTPPreconditionFailed',
  'HTTPException',
  'HTTPRedirection',
  'Odd',
  'Odd Name',
];

function errors(random: Random): WireRequest[] {
  const steps: Step[] = pickSome(
    random,
    ['status', 'header', 'type', 'body', 'cookie', 'write', 'base', 'redirect'],
    2,
  ).map((kind) => step(random, kind));
  const where = random.pick(['/do', '/do', '/paged/do', '/pt_paged/do', '/script_paged/do', '/failing/do']);
  if (random.next() < 0.12)
    steps.push([
      random.pick(['notFoundError', 'forbiddenError', 'badRequestError', 'unauthorized']),
      random.next() < 0.5 ? [] : [random.pick(['x', 'UPPER', '<b>', 'ä'])],
      {},
    ]);
  else
    steps.push([
      'raise',
      [
        random.pick(TYPES_OF_ERRORS),
        ...(random.next() < 0.9
          ? [
              random.pick([
                'message',
                '',
                '<b>bold</b>',
                'ä',
                'http://other.test/x',
                '/x',
                'a < b',
                'a\nb',
                '<html><body>page</body></html>',
                '&amp;',
                "it's",
                'x'.repeat(50),
              ]),
            ]
          : ['']),
      ],
      {},
    ]);
  return [program(random, steps, where)];
}

const FILES = [
  '/files/digits',
  '/files/digits',
  '/files/big.bin',
  '/files/empty',
  '/files/page.html',
  '/files/Gr%C3%BCn%20(so),%201.txt',
  '/files/latin.txt',
  '/files/picture.svg',
  '/files/dot.gif',
  '/files/none.png',
  '/tree/beds/note.txt',
  '/closed/secret.bin',
  '/files/digits/',
  '/files/digits/index_html',
  '/files/digits/view_image_or_file',
  '/files/dot.gif/tag',
  '/files/digits/get_size',
  '/files/digits/getContentType',
  '/files/digits/nothing',
];
const RANGES = [
  'bytes=0-9',
  'bytes=290-',
  'bytes=-5',
  'bytes=0-',
  'bytes=5-2',
  'bytes=300-',
  'bytes=299-400',
  'bytes=0-0,5-6',
  'bytes=0-9,5-20',
  'bytes=0-0,-1',
  'bytes=-0',
  'bytes=',
  'bytes=x',
  'octets=0-1',
  'bytes=0-1,',
  'bytes = 0-1',
  'bytes=0-1 , 3-4',
  'bytes=-500',
  'bytes=1-2,400-500',
  'bytes=400-500,600-',
  'Bytes=0-1',
  'bytes=0-99999999999999999999',
  'bytes=0-1,2-3,4-5',
  'bytes=10-20,0-5',
  'bytes=--1',
  'bytes=1',
  'bytes=65535-65537',
  'bytes=0-1,0-1',
  'bytes=100-199,0-99',
  'bytes=5-5,6-6,7-7',
];
const DATES = [
  'Sat, 01 Jan 2000 00:00:00 GMT',
  'Fri, 31 Dec 2100 23:59:59 GMT',
  'nonsense',
  '',
  'Saturday, 01-Jan-00 00:00:00 GMT',
  'Fri Dec 31 23:59:59 2100',
  '2100-12-31T00:00:00Z',
  'Fri, 31 Dec 2100 23:59:59 GMT; length=300',
  '0',
  'Fri, 31 Dec 2100 23:59:59 +0100',
  '4133980799',
];

function files(random: Random): WireRequest[] {
  const headers: [string, string][] = [];
  if (random.next() < 0.6) headers.push(['Range', random.pick(RANGES)]);
  if (random.next() < 0.3) headers.push(['If-Modified-Since', random.pick(DATES)]);
  if (random.next() < 0.3)
    headers.push(['If-Range', random.pick([...DATES, '"tag"', 'ts123', 'W/"x"', '*'])]);
  if (random.next() < 0.1) headers.push(['Request-Range', random.pick(RANGES)]);
  if (random.next() < 0.1) headers.push(['If-None-Match', random.pick(['*', '"x"', 'ts1'])]);
  if (random.next() < 0.15) headers.push(['Accept-Encoding', 'gzip']);
  if (random.next() < 0.1)
    headers.push(['Authorization', `Basic ${Buffer.from('greta:pw:g').toString('base64')}`]);
  const target =
    random.pick(FILES) +
    (random.next() < 0.1 ? random.pick(['?download=1', '?x=1', '?disposition=inline', '?REQUEST=x']) : '');
  return [{ method: random.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS']), target, headers }];
}

export const responseRequests = {
  ...Object.fromEntries(Object.entries(KINDS).map(([name, kinds]) => [name, programs(kinds)])),
  errors,
  files,
};
