/**
 * The publisher: a request becomes a traversal, a call, a committed transaction and an answer (INVENTORY 3.1).
 *
 * Everything that does not wait runs synchronously, from the handler's call to the returned response; only a request
 * body, a published method that returns a promise, and a retry's delay make the answer a promise.
 *
 * Over 400 lines: an attempt's request, connection and transaction end together, whichever of its steps fails.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  basicCredentials,
  InvalidCredentials,
  nobody,
  SecurityManager,
  type User,
  userFolderOf,
  withSecurityManager,
  withSecurityManagerAsync,
} from '../access/index.ts';
import { type BodyFile, GatewayResponse, type Hold } from '../paste/index.ts';
import { aqInner, aqParent, getOwn } from '../persistent/index.ts';
import {
  type Describer,
  isTransient,
  type Transaction,
  type TransactionManager,
  withTransactionManager,
  withTransactionManagerAsync,
} from '../transaction/index.ts';
import { type Content, FORM_LIMITS, hasBody, NO_CONTENT, readContent } from './content.ts';
import { withRequest, withRequestAsync } from './current.ts';
import { BadRequest, HTTPException, NotFound, Unauthorized } from './errors.ts';
import { notify } from './events.ts';
import { errorName, normalise } from './exceptions.ts';
import { processInputs } from './inputs.ts';
import { callPublished } from './mapply.ts';
import type { FormLimits } from './multipart.ts';
import { decodePath, HTTPRequest, type RequestSource } from './request.ts';
import { BareObjectError, HTTPResponse } from './response.ts';
import { sourceOf } from './source.ts';
import { discardAnswer, toGateway } from './to-gateway.ts';
import { accessContext, type Published, traverse } from './traverse.ts';

/** A connection to the site's database, lent for one attempt of a request. */
export interface SiteConnection {
  readonly root: object;
  readonly transactions: TransactionManager;
  /** What was seen and committed and is not on the disk, if there is something: no answer is sent before it is. */
  undurable?(): NotDurable | undefined;
  /**
   * Keeps other threads from committing until `endTurn` or the next commit, or for a fraction of a second; called before a transaction
   * begins that has lost against theirs.
   */
  takeTurn?(): void;
  endTurn?(): void;
  close(): void;
}

export interface NotDurable {
  /** For servers that can hold the answer back while the application does other work. */
  readonly holds: readonly Hold[];
  /** Resolves when the disk has it. Rejects when it was lost. */
  wait(): Promise<void>;
}

export interface PublisherOptions {
  open(): SiteConnection;
  /** How often a request that met a conflict is tried again. */
  readonly maxConflictRetries?: number;
  readonly realm?: string;
  readonly charset?: string;
  readonly debugMode?: boolean;
  /** Let exceptions travel up the pipeline even where the site would answer them. */
  readonly debugExceptions?: boolean;
  readonly formLimits?: FormLimits;
  /** Bytes of a body that are kept in memory where the host does not say it; a longer one waits in a temporary file. 512 KiB unless told. */
  readonly bodyInMemory?: number;
  readonly trustedProxies?: ReadonlySet<string>;
  /** The site's own page for an exception; undefined when it has none. */
  errorPage?(error: unknown, request: HTTPRequest): unknown;
  /** Told of an error that goes up the pipeline, and that no exception class of an answer describes. */
  onEscape?(error: unknown, request: HTTPRequest): void;
  /** Told of every attempt that failed. */
  onFailure?(error: unknown, request: HTTPRequest, retry: boolean): void;
}

interface Attempt {
  readonly request: HTTPRequest;
  readonly connection: SiteConnection;
  readonly startedAt: number;
  /** Milliseconds that the shortest of those before it took. */
  readonly shortest: number;
  /** Other threads wait for it. */
  readonly hasTurn: boolean;
  /** What it published is a promise. */
  waits: boolean;
  /** Of the user for whom the request goes on; undefined until he is known. */
  security: SecurityManager | undefined;
}

/** Other threads do not wait for requests of which every attempt took longer. */
const SHORT_MS = 120;

/** An application that publishes the objects of a site. */
export function createPublisher(
  options: PublisherOptions,
): (request: Request) => Response | Promise<Response> {
  return (request) => {
    const source = sourceOf(request);
    if (!hasBody(request, source)) return publish(options, source, NO_CONTENT, 0);
    return readContent(request, source, options.formLimits ?? FORM_LIMITS, options.bodyInMemory).then(
      (content) =>
        content.file === undefined
          ? publish(options, source, content, 0)
          : publishWithFile(options, source, content, content.file),
    );
  };
}

/** Closes the file of a long body when the request is over. */
async function publishWithFile(
  options: PublisherOptions,
  source: RequestSource,
  content: Content,
  file: BodyFile,
): Promise<Response> {
  let isMade = true;
  try {
    const answer = await publish(options, source, content, 0);
    // Who answers with a stream may read the body meanwhile: then it is closed when nobody has it any more.
    const body = answer instanceof GatewayResponse ? answer.sentBody : undefined;
    isMade = body === null || typeof body === 'string' || body instanceof Uint8Array;
    return answer;
  } finally {
    if (isMade) file.close();
  }
}

function publish(
  options: PublisherOptions,
  source: RequestSource,
  content: Content,
  retries: number,
  shortest = Infinity,
  hasTurn = false,
): Response | Promise<Response> {
  const response = new HTTPResponse(options);
  response.debugMode = options.debugMode ?? false;
  const request = new HTTPRequest(source, response, options);
  request.retryCount = retries;
  request.content = content.body;
  request.bodyLimit = (options.formLimits ?? FORM_LIMITS).memory;
  const connection = options.open();
  const startedAt = performance.now();
  const attempt: Attempt = {
    request,
    connection,
    startedAt,
    shortest,
    hasTurn,
    waits: false,
    security: undefined,
  };
  let answer: Response | Promise<unknown>;
  try {
    if (hasTurn) connection.takeTurn?.();
    connection.transactions.begin();
    answer = within(attempt, () => {
      notify('pubStart', () => ({ request }));
      const result = run(attempt, content);
      return result instanceof Promise ? result : finish(options, attempt, result);
    });
  } catch (error) {
    return failed(options, attempt, content, error);
  }
  if (!(answer instanceof Promise)) return whenDurable(request, ended(attempt), answer);
  attempt.waits = true;
  // Nobody knows how long it will take.
  if (hasTurn) connection.endTurn?.();
  return answer.then(
    (value) => {
      let sent: Response;
      try {
        sent = within(attempt, () => finish(options, attempt, value));
      } catch (error) {
        return failed(options, attempt, content, error);
      }
      return whenDurable(request, ended(attempt), sent);
    },
    (error: unknown) => failed(options, attempt, content, error),
  );
}

/** An attempt is over; its transaction is as well. Gives what the answer has to wait for. */
function ended({ request, connection, hasTurn }: Attempt, answers = true): NotDurable | undefined {
  try {
    if (hasTurn) connection.endTurn?.();
    notify('endRequest', () => ({ request }));
    return answers ? connection.undurable?.() : undefined;
  } finally {
    connection.close();
  }
}

/** Nobody outside learns of what may still be lost. Without an answer an error is thrown. */
function whenDurable(
  { source }: HTTPRequest,
  undurable: NotDurable | undefined,
  answer: Response | undefined,
  failure?: unknown,
): Response | Promise<Response> {
  const result = () => {
    if (answer === undefined) throw failure;
    return answer;
  };
  if (undurable === undefined || source.hold?.(undurable.holds) === true) return result();
  return undurable.wait().then(result, (error: unknown) => {
    if (answer !== undefined) discardAnswer(answer);
    throw error;
  });
}

/** Runs code of an attempt with its request and its transaction as the current ones. */
function within<T>({ request, connection }: Attempt, work: () => T): T {
  return withRequest(request, () => withTransactionManager(connection.transactions, work));
}

function run(attempt: Attempt, content: Content): unknown {
  const { request, connection } = attempt;
  const { environ } = request.source;
  const path = decodePath(environ);
  const { root } = connection;
  request.parents = [root];
  if (content.failure !== undefined) throw content.failure;
  const method = processInputs(request, content.fields);
  if (request.method === 'POST' && request.source.header('content-type')?.includes('text/xml'))
    throw new BadRequest('Unsupported request type');
  const named = method === undefined ? path : `${path.replace(/\/+$/, '')}/${method}`;
  if (method !== undefined) request.other.set('PATH_INFO', named);
  let published = traverse(request, root, named, method !== undefined);
  const user = authenticate(request, published);
  request.authenticatedUser = user;
  if (user.getId() !== null || user.getUserName() !== nobody.getUserName())
    environ.remoteUser = user.getUserName();
  connection.transactions.get().describeLater(new Note(request, published, user));
  const security = new SecurityManager(user);
  attempt.security = security;
  const replacement = request.endTraversal();
  if (replacement !== undefined) published = { ...published, value: replacement, self: undefined };
  notify('pubAfterTraversal', () => ({ request }));
  if (!isAsync(published)) return withSecurityManager(security, () => callPublished(request, published));
  return withRequestAsync(request, () =>
    withTransactionManagerAsync(connection.transactions, () =>
      withSecurityManagerAsync(security, async () => callPublished(request, published)),
    ),
  );
}

const AsyncFunction = (async () => {}).constructor;

/** Whether what is published will await: only that pays for an async context. */
function isAsync({ value, self }: Published): boolean {
  const called: unknown =
    self !== undefined || typeof value !== 'object' || value === null ? value : getOwn(value, '__call__');
  return typeof called === 'function' && called instanceof AsyncFunction;
}

interface Placed {
  getPhysicalPath?(): readonly string[];
}

/** Who did what in a transaction, as the Undo and History tabs show it. */
class Note implements Describer {
  readonly #request: HTTPRequest;
  readonly #published: Published;
  readonly #user: User;

  constructor(request: HTTPRequest, published: Published, user: User) {
    this.#request = request;
    this.#published = published;
    this.#user = user;
  }

  describe(transaction: Transaction): void {
    const { value, self, name } = this.#published;
    const path = (self ?? (value as Placed)) as Placed;
    transaction.note(
      typeof path?.getPhysicalPath === 'function'
        ? [...path.getPhysicalPath(), ...(self === undefined ? [] : [name])].join('/')
        : decodePath(this.#request.source.environ),
    );
    // The path of the object that the user's folder is in.
    const place = aqParent(aqInner(aqParent(aqInner(this.#user)))) as Placed | null;
    const names = place?.getPhysicalPath?.() ?? [];
    transaction.setUser(this.#user.getId() ?? 'None', names.slice(1).join('/'));
  }
}

function finish(options: PublisherOptions, { request, connection }: Attempt, result: unknown): Response {
  const { response } = request;
  // Most results are texts; the global class is loaded only when it is named.
  const foreign = typeof result === 'object' && result instanceof Response;
  if (!foreign && result !== response) response.setBody(result);
  try {
    notify('pubBeforeCommit', () => ({ request }));
    const { transactions } = connection;
    if (transactions.isDoomed()) transactions.abort();
    else transactions.commit(connection.undurable !== undefined);
  } catch (error) {
    if (foreign) discardAnswer(result);
    throw error;
  }
  notify('pubSuccess', () => ({ request }));
  return foreign ? (result as Response) : toGateway(response, request.method);
}

/** The user for whom the request goes on. Throws Unauthorized when nobody may have what is published. */
function authenticate(request: HTTPRequest, published: Published): User {
  if (request.steps.length === 0)
    request.response.notFoundError('no default view (root default view was probably deleted)');
  const header = request.source.header('authorization');
  let credentials;
  try {
    credentials = basicCredentials(header);
  } catch (error) {
    if (error instanceof InvalidCredentials) throw new BadRequest(error.message);
    throw error;
  }
  const { object, container } = accessContext(request, published);
  const access = {
    roles: published.roles,
    object,
    container,
    credentials,
    client: { address: request.getClientAddr() },
  };
  const { parents } = request;
  for (let at = -1; at < parents.length; at++) {
    const place = at < 0 ? (published.self ?? (published.value as object)) : parents[at]!;
    const user = userFolderOf(place)?.validateRequest(access);
    if (user === null || user === undefined) continue;
    request.authenticationDepth = Math.max(0, request.steps.length - (at + 1));
    return user;
  }
  // Where there is no user folder at all, what is public still is.
  if (access.roles === null || access.roles?.includes('Anonymous')) return nobody;
  throw new Unauthorized('You are not authorized to access this resource.');
}

function failed(
  options: PublisherOptions,
  attempt: Attempt,
  content: Content,
  error: unknown,
): Response | Promise<Response> {
  const { request, connection } = attempt;
  const most = options.maxConflictRetries ?? 3;
  const retry = isTransient(error) && request.retryCount < most;
  let answer: Response | undefined;
  let failure = normalise(error);
  let undurable: NotDurable | undefined;
  // What was to be sent is not.
  request.response.dropStream();
  try {
    if (error instanceof BareObjectError) failure = new NotFound(error.message);
    // Told first, so that a page can name what the log has about it.
    within(attempt, () =>
      withSecurityManager(attempt.security ?? new SecurityManager(nobody), () =>
        options.onFailure?.(failure, request, retry),
      ),
    );
    if (!retry) answer = errorAnswer(options, attempt, failure);
    within(attempt, () => notify('pubBeforeAbort', () => ({ request, error: failure, retry })));
  } finally {
    try {
      connection.transactions.abort();
      notify('pubFailure', () => ({ request, error: failure, retry }));
    } finally {
      if (answer === undefined) request.response.written?.discard();
      undurable = ended(attempt, !retry);
    }
  }
  if (retry) {
    const count = request.retryCount;
    const shortest = attempt.waits
      ? Infinity
      : Math.min(attempt.shortest, performance.now() - attempt.startedAt);
    const again = (hasTurn = false) =>
      publish(options, request.source, content, count + 1, shortest, hasTurn);
    // Others wait for the last attempt, when it is a short one: it meets no conflict with theirs.
    if (count + 1 === most && shortest < SHORT_MS) return again(true);
    // Most conflicts are over when they are found. After that those that met are spread (INVENTORY P-003, with a shorter unit).
    return count === 0 ? again() : delay(Math.random() * 2 ** (count - 1) * 20).then(() => again());
  }
  if (answer === undefined && !(failure instanceof HTTPException)) options.onEscape?.(failure, request);
  return whenDurable(request, undurable, answer, failure);
}

/** The answer that the site gives to an exception; undefined lets the exception travel up the pipeline. */
function errorAnswer(options: PublisherOptions, attempt: Attempt, error: unknown): Response | undefined {
  const { request, security } = attempt;
  const { response } = request;
  const unauthorized = error instanceof Unauthorized;
  // A page sees, and may change, what the answer is.
  response.setStatus(errorName(error));
  if (error instanceof HTTPException)
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  const page = within(attempt, () =>
    withSecurityManager(security ?? new SecurityManager(nobody), () => options.errorPage?.(error, request)),
  );
  if (page === undefined && !unauthorized) return undefined;
  if (options.debugExceptions && !unauthorized) return undefined;
  if (page !== undefined) {
    if (page !== '' && !response.getHeader('content-type')) response.setHeader('Content-Type', 'text/html');
    try {
      response.setBody(page);
    } catch (failure) {
      // A page that cannot be sent in the charset that was set, say, is none.
      options.onFailure?.(normalise(failure), request, false);
      if (!unauthorized) return undefined;
    }
  }
  if (unauthorized) {
    response._unauthorized();
    response.setStatus(error.getStatus());
  }
  return toGateway(response, request.method);
}
