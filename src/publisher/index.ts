export { getRequest, withRequest } from './current.ts';
export { BadRequest, Forbidden, HTTPException, NotFound, Redirect, Unauthorized } from './errors.ts';
export { FileUpload, processInputs } from './form.ts';
export { createPublisher, type PublisherOptions, type SiteConnection } from './publish.ts';
export { HTTPRequest, quote, type RequestSource } from './request.ts';
export { HTTPResponse } from './response.ts';
export { restrictedTraverse, unrestrictedTraverse } from './traversing.ts';
