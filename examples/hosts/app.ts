/** The application that all hosts here serve: the site of the zope.conf that ZOPE_CONF names, and some pages beside it. */
import { makeApplication } from 'zope-ts';
import { type Application, environOf, GatewayResponse, httpExceptions, NotFound } from 'zope-ts/paste';

const text = ['Content-Type', 'text/plain; charset=utf-8'];

async function* count(): AsyncGenerator<string> {
  for (const part of ['one ', 'two ', 'three']) yield part;
}

const pages: Record<string, Application> = {
  '/hello': () => new GatewayResponse('hello from zope-ts\n', { headers: text }),
  '/cookies': () => new GatewayResponse('', { headers: [...text, 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'] }),
  '/stream': () => new GatewayResponse(count(), { headers: text }),
  '/standard': () => Response.json({ standard: true }),
  '/broken': () => {
    throw new Error('a secret');
  },
  '/echo': async (request) => {
    const { pathInfo, queryString, remoteAddr } = environOf(request);
    const body = await request.text();
    const seen = {
      method: request.method,
      pathInfo,
      queryString,
      remoteAddr,
      agent: request.headers.get('user-agent'),
      body,
    };
    return new GatewayResponse(JSON.stringify(seen), {
      status: 201,
      headers: ['Content-Type', 'application/json'],
    });
  },
};

const notFound: Application = (request) => new NotFound(environOf(request).pathInfo).toResponse();
const zopeConf = process.env['ZOPE_CONF'];
const site = zopeConf === undefined ? notFound : httpExceptions(await makeApplication({}, zopeConf));

export const app: Application = (request) => {
  const { pathInfo } = environOf(request);
  return Object.hasOwn(pages, pathInfo) ? pages[pathInfo]!(request) : site(request);
};

export const port = Number(process.env['PORT'] ?? 0);
