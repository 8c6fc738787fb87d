import type { AddressInfo } from 'node:net';
import express from 'express';
import { toNodeListener } from 'zope-ts/paste';
import { app, port } from './app.ts';

const site = express();
site.disable('x-powered-by');
site.use(toNodeListener(app));
const server = site.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
