import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeListener } from 'zope-ts/paste';
import { app, port } from './app.ts';

const server = createServer(toNodeListener(app)).listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
