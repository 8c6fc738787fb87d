/** Addresses: odd paths, acquisition, namespaces, virtual hosts, methods, users. */
import type { Random } from '../../restricted/programs.ts';
import type { WireRequest } from './both-sites.ts';

type Header = readonly [string, string];

export const authorization = (name: string, password: string): Header => [
  'Authorization',
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
];

const USERS: readonly Header[] = [
  authorization('admin', 'secret'),
  authorization('greta', 'pw:g'),
  authorization('jürgen', 'pä:ss'),
  authorization('local', 'near'),
  authorization('far', 'far'),
  authorization('rita', 'own'),
  authorization('greta', 'other'),
  authorization('nobody', 'x'),
  authorization('admin', 'wrong'),
];

const ODD_AUTHORIZATIONS: readonly Header[] = [
  ['Authorization', 'Basic'],
  ['Authorization', 'Basic '],
  ['Authorization', 'Basic !!!'],
  ['Authorization', `Basic ${Buffer.from('admin').toString('base64')}`],
  ['Authorization', `basic ${Buffer.from('admin:secret').toString('base64')}`],
  ['Authorization', `BASIC ${Buffer.from('admin:secret').toString('base64')}`],
  ['Authorization', `Basic  ${Buffer.from('admin:secret').toString('base64')}`],
  ['Authorization', `Basic ${Buffer.from('admin:secret').toString('base64')} x`],
  ['Authorization', 'Bearer abc'],
  ['Authorization', 'Digest username="admin"'],
  ['Authorization', ''],
  ['Authorization', `Basic ${Buffer.from('j\xfcrgen:p\xe4:ss', 'latin1').toString('base64')}`],
  ['Authorization', `Basic ${Buffer.from(':').toString('base64')}`],
  ['Authorization', `Basic ${Buffer.from(':secret').toString('base64')}`],
  ['Authorization', `Basic ${Buffer.from('admin:secret').toString('base64').replace('=', '')}`],
  ['Authorization', `Basic ${Buffer.from('admin:secret\n').toString('base64')}`],
];

export function user(random: Random): Header[] {
  const chance = random.next();
  return chance < 0.45 ? [] : chance < 0.93 ? [random.pick(USERS)] : [random.pick(ODD_AUTHORIZATIONS)];
}

const FOLDERS = [
  'tree',
  'tree/beds',
  'tree/beds/deep',
  'tree/plain',
  'tree/dtml',
  'tree/G%C3%A4rten',
  'tree/two%20words',
  'tree/row',
  'args',
  'paged',
  'paged/inner',
  'pt_paged',
  'script_paged',
  'failing',
  'closed',
  'closed/inner',
  'own',
  'files',
  'work',
  'tree/hooked',
  'tree/hooked/root',
  'tree/hooked/skip',
];
const LEAVES = [
  'rose',
  'tulip',
  'note.txt',
  'index_html',
  'sub',
  'sub/a/b',
  'where',
  'probe',
  'page',
  'document',
  'method',
  'nothing',
  's%C3%BC%C3%9F',
  "it's%20(a)%20test",
  'a+b',
  'a,b=c;d',
  'secret',
  'secret.bin',
  'digits',
  'dot.gif',
  'standard_error_message',
  'c',
  'rule',
  'title',
  'season',
  'count',
  'none',
  'two',
  'title_or_id',
  'absolute_url',
  'getId',
  'objectIds',
  'objectValues',
  'getPhysicalPath',
  'manage_main',
  'manage_workspace',
  'manage_access',
  'manage_propertiesForm',
  'manage_delObjects',
  'propertyIds',
  'propertyValues',
  'hasProperty',
  'get_size',
  'getSize',
  'tag',
  'view_image_or_file',
  'index_html/rose',
  'document_src',
  'PrincipiaSearchSource',
  'read',
  'aq_base',
  'REQUEST',
  'RESPONSE',
  '__class__',
  '__dict__',
  '_x',
  '_owner',
  '__call__',
  '__len__',
  'func_code',
  'im_func',
  'meta_type',
  'id',
  'standard_html_header',
  'zope_quick_start',
  'temp_folder',
  'restrictedTraverse',
  'get_local_roles',
  'owner_info',
  'ZopeVersion',
  'superValues',
  'userRolesTree',
  'manage_copyObjects',
  'cb_isCopyable',
  'virtual_url_path',
  'absolute_url_path',
  'title_and_id',
  'manage_changeProperties',
  'user_names',
  'getUserNames',
  'valid_roles',
  'favicon.ico',
  'robots.txt',
  '@@absolute_url',
  '@@index.html',
  '@@nothing',
  '++view++absolute_url',
  '++resource++nothing',
  '++etc++site',
  '++nothing++x',
  '++attribute++title',
  '++item++x',
  '+x',
  '++vh++x',
  'raise_NotFound',
  'do',
  'taint',
];
const ODDITIES = [
  '',
  '.',
  '..',
  '...',
  '%2E%2E',
  '%2e',
  '%2F',
  'tree%2Fbeds',
  '%20',
  '%00',
  '%C3%A4',
  '%',
  '%zz',
  ';x',
  'rose;x=1',
  '~',
  '*',
  '&',
  '<b>',
  '%3Cb%3E',
  '"',
  "'",
  '|',
  '\\',
  '%5C',
  ':',
  'a:b',
  '=',
  '$',
  '!',
  '(x)',
  '[x]',
  '{x}',
  '^',
  '`',
  ',',
  '%25',
  '%2525',
  '%3F',
  '%23',
  '%0A',
  '%0D%0A',
  '%09',
  'TREE',
  'Tree',
];

export function path(random: Random): string {
  const names: string[] = [];
  const chance = random.next();
  if (chance < 0.75) names.push(...random.pick(FOLDERS).split('/'));
  if (chance > 0.6 && random.next() < 0.3) names.push(...random.pick(FOLDERS).split('/'));
  if (random.next() < 0.85) names.push(random.pick(LEAVES));
  if (random.next() < 0.15) names.push(random.pick(LEAVES));
  const odd = random.next();
  const count = odd < 0.7 ? 0 : odd < 0.92 ? 1 : 2;
  for (let i = 0; i < count; i++) names.splice(random.below(names.length + 1), 0, random.pick(ODDITIES));
  let found = `/${names.join(random.next() < 0.03 ? '//' : '/')}`;
  if (random.next() < 0.15) found += '/';
  if (random.next() < 0.03) found += '/';
  if (random.next() < 0.15)
    found += random.pick([
      '?x=1',
      '?x=%3Cb%3E',
      '?',
      '?x',
      '?season=autumn',
      '?REQUEST_METHOD=PUT',
      '?id=x',
      '?x:int=3',
      '?name=x',
      '?URL=x',
    ]);
  return found;
}

/** Pages of each side's own. */
const OWN_PAGES =
  /manage|Control_Panel|acl_users|@@|p_|misc_|virtual_hosting|userRolesTree|zope_quick|document_src|view_image_or_file/;

const get = (target: string, headers: Header[], method = 'GET'): WireRequest => ({
  method,
  target,
  headers,
  ownPage: OWN_PAGES.test(target),
});

function traversal(random: Random): WireRequest[] {
  return [get(path(random), user(random), random.pick(['GET', 'GET', 'GET', 'GET', 'POST']))];
}

/** Of names below what is missing, HEAD is told what is acquired through the place where it could be. */
function heads(random: Random): WireRequest[] {
  const leaf = random.pick(LEAVES.filter((name) => !OWN_PAGES.test(name) && !name.includes('/')));
  return [get(`/${random.pick(FOLDERS)}/${leaf}${random.next() < 0.2 ? '/' : ''}`, user(random), 'HEAD')];
}

function virtualHosts(random: Random): WireRequest[] {
  const server = random.pick([
    'http/www.site.test:80',
    'https/www.site.test:443',
    'http/site.test:8080',
    'https/site.test:8443',
    'http/site.test:443',
    'https/site.test:80',
    'http/site.test',
    'https/site.test',
    'http/[::1]:80',
    'http/[::1]:8080',
    'http',
  ]);
  const inner = random.pick([
    '',
    '/tree',
    '/tree/beds',
    '/closed',
    '/paged',
    '/tree/two%20words',
    '/nothing',
    '/tree/hooked',
    '/tree/..',
    '/tree/beds/rose',
  ]);
  const shown = random.pick([
    '',
    '',
    '/_vh_a',
    '/_vh_a/_vh_b',
    '/_vh_%C3%A4',
    '/_vh_a%20b',
    '/_vh_',
    '/_vh',
    '/_vh_a/x/_vh_b',
    '/_vh_<',
  ]);
  const rest =
    random.next() < 0.7
      ? `/${random.pick(['where', 'rose', 'probe', 'document', 'page', 'beds/where', 'nothing', 'index_html', 'secret', 'manage_main', ''])}`
      : path(random);
  const forms = [
    `/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostBase/${server}${inner}${rest}`,
    `${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostRoot${shown}${rest}`,
    `/virtual_hosting/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}/VirtualHostBase/${server}${rest}`,
    `/tree/VirtualHostBase/${server}${inner}/VirtualHostRoot${shown}${rest}`,
    `/VirtualHostBase/${server}/VirtualHostRoot${shown}/VirtualHostRoot${rest}`,
    '/VirtualHostBase',
    '/VirtualHostBase/http',
    `/VirtualHostBase/${server}`,
    `/VirtualHostBase/${server}/VirtualHostRoot`,
    '/VirtualHostRoot',
  ];
  return [
    get(
      random.pick(forms),
      user(random),
      random.pick([
        'GET',
        'GET',
        'GET',
        'POST',
        shown === '' && inner !== '/nothing' && !OWN_PAGES.test(rest) ? 'HEAD' : 'GET',
      ]),
    ),
  ];
}

const COOKIES = [
  'a=1',
  'a=1; b=2',
  'a="1"',
  'a="1;2"; b=3',
  'a=1,b=2',
  'a',
  'a;',
  'a; b=1',
  '=1',
  'a=',
  'a==b',
  'a=b=c',
  'x=%3Cb%3E',
  'a=1; a=2',
  ' a = 1 ; b = 2 ',
  'a=%',
  'a=%E4',
  'a=%C3%A4',
  'a=\xe4',
  'a=\xc3\xa4',
  '$Version=1; a=1; $Path=/',
  'a="x\\"y"',
  "a='1'",
  'a={"b": 1}',
  'a=1;;b=2',
  ';a=1',
  ',',
  'a b=1',
  'a=b c',
  'tree-e="x"',
  'HTTP_HOST=x',
  'URL=x',
  '__ac=YWRtaW46c2VjcmV0',
  'REQUEST=x',
  'season=cookie; x=cookie',
  'a="1" ; b="2"',
  'a="1" b="2"',
  'a=1 ;b=2',
  'x="a,b"; y=c,d',
  'a=+',
  'a=%2B%20',
  'a=\t1',
];

function heading(random: Random): WireRequest[] {
  const headers: Header[] = [];
  const maybe = (chance: number, name: string, values: readonly string[]) => {
    if (random.next() < chance) headers.push([name, random.pick(values)]);
  };
  maybe(0.5, 'Cookie', COOKIES);
  maybe(0.3, 'Host', [
    'zope.test',
    'zope.test:80',
    'zope.test:8080',
    'ZOPE.test',
    'zope.test:443',
    '[::1]',
    '[::1]:8080',
    'a.b:x',
    'zope.test:',
    ' zope.test ',
    '127.0.0.1',
    '127.0.0.1:80',
  ]);
  maybe(0.2, 'Accept-Language', ['de', 'de, en;q=0.5', 'en-US,en;q=0.9', '*', '']);
  maybe(0.3, 'X-Forwarded-For', [
    '10.9.8.7',
    '10.9.8.7, 10.0.0.1',
    '10.0.0.1',
    '1.2.3.4, 10.9.8.7',
    'unknown',
    ' 10.9.8.7 ',
    '127.0.0.1',
    '10.9.8.7:80',
  ]);
  maybe(0.1, 'X-Odd', ['odd', '', ' a  b ', '\xe4']);
  maybe(0.1, 'Content-Type', ['text/plain', 'application/x-www-form-urlencoded']);
  maybe(0.1, 'X-Forwarded-Proto', ['https']);
  headers.push(...user(random));
  return [
    get(
      random.pick([
        '/where',
        '/where?x=form',
        '/tree/where',
        '/args/cookie?c=1',
        '/args/cookie',
        '/closed/where',
        '/tree/beds/where?season=x',
        '/closed/',
      ]),
      headers,
      random.pick(['GET', 'GET', 'POST']),
    ),
  ];
}

function calls(random: Random): WireRequest[] {
  const names = [
    'a',
    'b',
    'X',
    'y',
    'x',
    'REQUEST',
    'RESPONSE',
    'self',
    'args',
    'kw',
    'form',
    'c',
    'URL1',
    'a:int',
    'b:list',
    'a:tokens',
    'A',
    'HTTP_COOKIE',
    'PATH_INFO',
    'x:ignore_empty',
    'a:record',
    'container',
    'context',
  ];
  const list = Array.from(
    { length: random.below(4) },
    () => `${random.pick(names)}=${random.pick(['1', '', 'x', '%3Cb%3E', 'a+b'])}`,
  );
  const script = random.pick([
    'none',
    'two',
    'upper',
    'request',
    'selfish',
    'star',
    'url',
    'form',
    'cookie',
    'nothing',
  ]);
  const where = random.pick(['/args', '/tree/args', '/paged/args', '/args/tree']);
  return [
    get(
      `${where}/${script}${random.next() < 0.15 ? '/extra' : ''}${list.length > 0 ? `?${list.join('&')}` : ''}`,
      random.next() < 0.2 ? [['Cookie', 'c=cookie; a=cookie']] : [],
      random.pick(['GET', 'GET', 'POST', 'HEAD']),
    ),
  ];
}

export const pathRequests = { traversal, heads, virtualHosts, heading, calls };
