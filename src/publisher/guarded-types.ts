/** What scripts and templates see of REQUEST and RESPONSE: Python's names, and nothing of the host behind them. */
import { Dict, tupleFrom } from '../pickle/index.ts';
import { AttributeError, KeyError, PyType, registerType, setSignature, truth } from '../restricted/index.ts';
import { HTTPRequest } from './request.ts';
import { HTTPResponse } from './response.ts';
import { Unauthorized } from './errors.ts';

/** Properties of the host's object that are none of Python's: a variable of that name is meant. */
const HOST_PROPERTIES = [
  'source',
  'quotedSteps',
  'parents',
  'published',
  'authenticatedUser',
  'body',
  'bodyFile',
  'content',
  'bodyLimit',
  'virtualRootPath',
  'authenticationPath',
  'lookup',
  'beginTraversal',
  'endTraversal',
  'inputsDone',
  'taintWrapper',
  'retryCount',
];

function variable(request: HTTPRequest, name: string): unknown {
  const value = request.lookup(name);
  if (value === undefined) throw new AttributeError(name);
  return value;
}

/** What Python's publisher keeps among the variables that code sets. */
const VARIABLES = [
  'URL',
  'SERVER_URL',
  'ACTUAL_URL',
  'PARENTS',
  'PUBLISHED',
  'AUTHENTICATED_USER',
  'RESPONSE',
  'method',
];

const orNull = (value: unknown) => value ?? null;

registerType(HTTPRequest, {
  pyName: 'WSGIRequest',
  attributes: 'all',
  getters: {
    ...Object.fromEntries(
      HOST_PROPERTIES.map((name) => [name, (self: HTTPRequest) => variable(self, name)] as const),
    ),
    RESPONSE: (self) => self.response,
    REQUEST: (self) => self,
    PARENTS: (self) => self.parents,
    other: (self) => new Dict([...self.other, ...VARIABLES.map((name) => [name, self.get(name)] as const)]),
    retry_count: (self) => self.retryCount,
    environ: (self) => withoutSecrets(self.environ),
  },
  methods: {
    get: ['key, default=None', (self, key: string, fallback?: unknown) => self.get(key, orNull(fallback))],
    has_key: ['key', (self, key: string) => (self.has_key(key) ? 1 : 0)],
    keys: ['', (self) => self.keys()],
    values: ['', (self) => self.values()],
    items: ['', (self) => self.items()],
    set: ['key, value', (self, key: string, value: unknown) => (self.set(key, value), null)],
    getHeader: [
      'name, default=None, literal=False',
      (self, name: string, fallback?: unknown) => self.getHeader(name, orNull(fallback)),
    ],
    get_header: [
      'name, default=None, literal=False',
      (self, name: string, fallback?: unknown) => self.getHeader(name, orNull(fallback)),
    ],
    getClientAddr: ['', (self) => self.getClientAddr()],
    getURL: ['', (self) => self.URL],
    getVirtualRoot: ['', (self) => self.getVirtualRoot()],
    setServerURL: [
      'protocol=None, hostname=None, port=None',
      (self, protocol?: string | null, hostname?: string | null, port?: string | number | null) =>
        self.setServerURL(protocol, hostname, port),
    ],
    setVirtualRoot: [
      'path, hard=0',
      (self, path: string | readonly string[], hard?: unknown) => (self.setVirtualRoot(path, hard), null),
    ],
    physicalPathToVirtualPath: [
      'path',
      (self, path: string | readonly string[]) => self.physicalPathToVirtualPath(path),
    ],
    physicalPathToURL: [
      'path, relative=0',
      (self, path: string | readonly string[], relative?: unknown) =>
        self.physicalPathToURL(path, truth(relative ?? 0)),
    ],
    physicalPathFromURL: ['URL', (self, url: string) => self.physicalPathFromURL(url)],
    text: ['', (self) => self.text()],
  },
  operators: {
    getattr: (self, name) => self.lookup(name),
    getitem: (self, key) => {
      const value = self.lookup(key as string);
      if (value === undefined) throw new KeyError(key);
      return value;
    },
    contains: (self, key) => self.has_key(key as string),
    bool: () => true,
    len: () => 1,
    str: (self) => self.__str__(),
    repr: (self) => `<WSGIRequest, URL=${self.URL}>`,
  },
});

function withoutSecrets(environ: Dict<string, unknown>): Dict<string, unknown> {
  const shown = new Dict(environ);
  shown.delete('HTTP_AUTHORIZATION');
  shown.delete('HTTP_CGI_AUTHORIZATION');
  return shown;
}

const cookieParameters = (kwargs: Dict<string, unknown> | undefined) =>
  Object.fromEntries(kwargs ?? []) as Record<string, unknown>;

registerType(HTTPResponse, {
  pyName: 'WSGIResponse',
  attributes: ['status', 'errmsg', 'charset', 'realm', 'base', 'debug_mode'],
  getters: {
    headers: (self) => new Dict(self.headers),
    accumulated_headers: (self) => self.accumulatedHeaders.map((pair) => tupleFrom(pair)),
    cookies: (self) =>
      new Dict(
        [...self.cookies].map(([name, parameters]) => [name, new Dict(Object.entries(parameters))] as const),
      ),
    body: (self) => self.bytes(),
    // A method with keywords of any name is a function that knows its response.
    setCookie: (self) =>
      setSignature(
        (name: string, value: unknown, _quoted: unknown, kwargs: Dict<string, unknown>) => (
          self.setCookie(name, value, cookieParameters(kwargs)),
          null
        ),
        'name, value, quoted=True, **kw',
      ),
    expireCookie: (self) =>
      setSignature(
        (name: string, kwargs: Dict<string, unknown>) => (
          self.expireCookie(name, cookieParameters(kwargs)),
          null
        ),
        'name, **kw',
      ),
    text: (self) => self.text,
  },
  methods: {
    setStatus: [
      'status, reason=None, lock=None',
      (self, status: unknown, reason?: string | null, lock?: unknown) => (
        self.setStatus(status instanceof PyType ? status.name : status, reason, truth(lock ?? null)),
        null
      ),
    ],
    getStatus: ['', (self) => self.status],
    setHeader: [
      'name, value, literal=0, scrubbed=False',
      (self, name: unknown, value: unknown, literal?: unknown) => (
        self.setHeader(name, value, truth(literal ?? null)),
        null
      ),
    ],
    getHeader: [
      'name, literal=0',
      (self, name: string, literal?: unknown) => self.getHeader(name, truth(literal ?? null)),
    ],
    addHeader: ['name, value', (self, name: unknown, value: unknown) => (self.addHeader(name, value), null)],
    appendHeader: [
      'name, value, delimiter=None',
      (self, name: unknown, value: unknown, delimiter?: string) => (
        self.appendHeader(name, value, delimiter ?? ', '),
        null
      ),
    ],
    appendCookie: [
      'name, value',
      (self, name: string, value: unknown) => (self.appendCookie(name, value), null),
    ],
    redirect: [
      'location, status=302, lock=0',
      (self, location: unknown, status?: unknown, lock?: unknown) =>
        self.redirect(location, status, truth(lock ?? null)),
    ],
    enableHTTPCompression: [
      'REQUEST={}, force=0, disable=0, query=0',
      (self, request?: unknown, force?: unknown, disable?: unknown, query?: unknown) => {
        const accepts =
          request instanceof HTTPRequest
            ? request.get('HTTP_ACCEPT_ENCODING')
            : request instanceof Map
              ? request.get('HTTP_ACCEPT_ENCODING')
              : '';
        return self.enableHTTPCompression(typeof accepts === 'string' ? accepts : '', {
          force: truth(force ?? 0),
          disable: truth(disable ?? 0),
          query: truth(query ?? 0),
        });
      },
    ],
    setBase: ['base', (self, base: string | null) => (self.setBase(base), null)],
    setBody: [
      "body, title='', is_error=False, lock=None",
      (self, body: unknown, title?: string, isError?: unknown, lock?: unknown) =>
        self.setBody(body, title ?? '', truth(isError ?? null), truth(lock ?? null)),
    ],
    write: ['data', (self, data: string | Uint8Array) => (self.write(data), null)],
    flush: ['', () => null],
    unauthorized: [
      '',
      () => {
        throw new Unauthorized('You are not authorized to access this resource.');
      },
    ],
    notFoundError: ["entry='Unknown'", (self, entry?: string) => self.notFoundError(entry)],
    forbiddenError: ["entry='Unknown'", (self, entry?: string) => self.notFoundError(entry)],
    badRequestError: ['name', (self, name: string) => self.badRequestError(name)],
    isHTML: ['text', (self, text: string | Uint8Array) => self.isHTML(text)],
  },
  operators: {
    bool: () => true,
    repr: () => '<WSGIResponse>',
  },
});
