/** The gateway: `.ini` loader, pipelines and composites, filters, servers, logging configuration. */
export type {
  Application,
  Filter,
  RunningServer,
  ServerRunner,
  ThreadedApplication,
} from './gateway/types.ts';
export { discard as discardBody } from './gateway/body-parts.ts';
export { Metrics } from './threads/metrics.ts';
export { published } from './threads/request-events.ts';
export { type HealthOptions, serveMetrics, withHealth } from './threads/operations.ts';
export { type PoolOptions, ThreadPool } from './threads/pool.ts';
export { frameLine, type StackFrame } from './threads/thread-stack.ts';
export type { ThreadApplication, ThreadContext } from './threads/thread.ts';
export { type Environ, environOf, withEnviron, withHeaders } from './gateway/environ.ts';
export { errorPage, escapeHtml } from './gateway/error-page.ts';
export {
  BadRequest,
  type ExceptionDetails,
  Forbidden,
  HTTP_EXCEPTIONS,
  HTTPException,
  httpExceptionByName,
  InternalError,
  MethodNotAllowed,
  NotFound,
  reasonOf,
  Redirect,
  ResourceLockedError,
  Unauthorized,
  type UnauthorizedDetails,
} from './gateway/http-exception.ts';
export { type FailurePage, failurePageOf, setFailurePage } from './gateway/failure-page.ts';
export { GatewayRequest, type Hold } from './gateway/request.ts';
export { BODY_IN_MEMORY, BodyFile, type KeptBody, keepStream } from './gateway/body-file.ts';
export { openNameless } from './gateway/nameless-file.ts';
export {
  BodyFileError,
  BodyTooLargeError,
  ClientGoneError,
  MalformedBodyError,
} from './gateway/request-errors.ts';
export {
  type FileRegion,
  GatewayResponse,
  type GatewayResponseInit,
  type ResponseBody,
} from './gateway/response.ts';
export { AddressError, ServerError, SettingError } from './servers/errors.ts';
export { SETTINGS as SERVER_SETTINGS } from './servers/settings.ts';
export { registerGatewayDistributions, serve, type ServerName } from './servers/index.ts';
export { bindSockets } from './servers/shared-sockets.ts';
export type { ServerSettings } from './servers/settings.ts';
export { type NodeListener, type NodeListenerOptions, toNodeListener } from './gateway/node-listener.ts';
export { httpExceptions } from './filters/http-exceptions.ts';
export { type FetchHandler, type FetchHandlerOptions, toFetchHandler } from './gateway/fetch-handler.ts';
export { InvalidAnswerError } from './gateway/send-response.ts';
export { SocketHolder } from './servers/held-sockets.ts';
export { createCascade } from './composites/cascade.ts';
export { createUrlMap, type Mapping, type UrlMap } from './composites/urlmap.ts';
export { createPrefixFilter, type PrefixFilter, type PrefixSettings } from './filters/prefix.ts';
export { currentConfig } from './loader/config-filter.ts';
export { ConfigParser, type ConfigParserOptions } from './loader/config-parser.ts';
export {
  type EntryPoint,
  type EntryPoints,
  registerDistribution,
  registerModule,
} from './loader/distributions.ts';
export { LoadError, type LoadErrorCode, type Place } from './loader/errors.ts';
export type {
  AppFactory,
  CompositeFactory,
  Factory,
  FilterAppFactory,
  FilterFactory,
  LoadedFilter,
  Loader,
  Protocol,
  ServerFactory,
  ServerRunnerFactory,
  Settings,
} from './loader/factories.ts';
export { importSource, stripTypes } from './loader/import-file.ts';
export {
  type AppConfig,
  appConfig,
  loadApp,
  loadFilter,
  type LoadOptions,
  loadServer,
} from './loader/load.ts';
export {
  booleanOption,
  integerOption,
  listOption,
  type OptionReader,
  readOptions,
  textOption,
} from './loader/options.ts';
export { LoggingConfigError, type LoggingConfigErrorCode } from './logging/errors.ts';
export { Formatter, type FormatStyle } from './logging/formatter.ts';
export { Handler } from './logging/handlers/handler.ts';
export { StreamHandler } from './logging/handlers/stream.ts';
export { addLevelName } from './logging/levels.ts';
export type { LoggerDescription, LogOptions, PythonLogger } from './logging/loggers.ts';
export { type Caller, LogRecord } from './logging/record.ts';
export { type LoggingRuntime, type LogStream, runtime as loggingRuntime } from './logging/runtime.ts';
export {
  checkLogging,
  describeLoggers,
  forwardLogging,
  pythonLogger,
  receiveLogging,
  receiveRecordOfThread,
  reopenLogs,
  resetLogging,
  setUpLogging,
  shutDownLogging,
} from './logging/set-up.ts';
export { generatedName, generatedPlace } from './logging/generated-code.ts';
export { formatException } from './logging/traceback.ts';
