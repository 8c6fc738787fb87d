/** The request that code of a console runs with: to no host, with the root as its only parent. */
import type { Persistent } from '../../persistent/index.ts';
import { HTTPRequest, HTTPResponse } from '../../publisher/index.ts';
import type { ZopeConfig } from '../../zconfig/index.ts';

export function consoleRequest(app: Persistent, config: ZopeConfig): HTTPRequest {
  const request = new HTTPRequest(
    {
      method: 'GET',
      environ: {
        scriptName: '',
        pathInfo: '/',
        queryString: '',
        rawTarget: '/',
        serverName: 'nohost',
        serverPort: '80',
        scheme: 'http',
        remoteAddr: '',
        remotePort: '',
        serverProtocol: 'HTTP/1.0',
        remoteUser: '',
        extra: new Map(),
      },
      header: (name) => (name === 'host' ? 'nohost' : null),
      headers: () => [['host', 'nohost']],
    },
    new HTTPResponse({ charset: config.encoding, realm: config.httpRealm }),
  );
  request.parents = [app];
  return request;
}
