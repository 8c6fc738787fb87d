import './guarded-types.ts';
export { getRequest, withRequest } from './current.ts';
export {
  BadRequest,
  Forbidden,
  HTTPException,
  MethodNotAllowed,
  NotFound,
  Redirect,
  Unauthorized,
} from './errors.ts';
export { onPublication, type PublicationEvents } from './events.ts';
export { FileUpload, ReceivedFile } from './file-upload.ts';
export { processInputs } from './inputs.ts';
export { createPublisher, type NotDurable, type PublisherOptions, type SiteConnection } from './publish.ts';
export { HTTPRequest, quote, type RequestSource, urlQuote } from './request.ts';
export { HTTPResponse } from './response.ts';
export { restrictedTraverse, unrestrictedTraverse } from './traversing.ts';
export { parametersOf } from './signature.ts';
export { asPython, errorName } from './exceptions.ts';
export { converterOf } from './converters.ts';
export { registerResources, type ResourceFolder } from './resources.ts';
export { registerView, type View } from './views.ts';
