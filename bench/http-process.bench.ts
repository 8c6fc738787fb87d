/**
 * What a request costs without socket, parser and pipeline: microseconds of processor time in the site's application, on a copy of
 * `bench/site`. The File of the same run is the reference.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type Environ, GatewayRequest } from '../src/paste/index.ts';
import { makeApplication } from '../src/zope/app/make-application.ts';
import type { Bench, BenchRow } from './bench.ts';

const PATHS = ['/f.txt', '/', '/one/two/three/four/five', '/sc', '/dt', '/pt', '/counters/c0/bump'];
const RAW_HEADERS = ['Host', '127.0.0.1:8080', 'Accept', '*/*'];

function requestTo(pathInfo: string): GatewayRequest {
  const environ: Environ = {
    scriptName: '',
    pathInfo,
    queryString: '',
    rawTarget: pathInfo,
    serverName: '127.0.0.1',
    serverPort: '8080',
    scheme: 'http',
    remoteAddr: '127.0.0.1',
    remotePort: '40000',
    serverProtocol: 'HTTP/1.1',
    remoteUser: '',
    extra: new Map(),
  };
  const request = new GatewayRequest({ method: 'GET', rawHeaders: RAW_HEADERS } as IncomingMessage, environ);
  // As in a thread, whose answers the main thread holds back until the disk has what they tell of.
  request._holds = true;
  return request;
}

export default {
  about: 'a request without socket and parser: microseconds in the publisher, by kind of object',
  async run({ quick }) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'http-process-'));
    mkdirSync(path.join(folder, 'var'));
    const conf = path.join(folder, 'zope.conf');
    copyFileSync(path.join(import.meta.dirname, 'site/Data.fs'), path.join(folder, 'var/Data.fs'));
    writeFileSync(
      conf,
      `%define INSTANCE ${folder}\ninstancehome $INSTANCE\n<zodb_db main>\n  <filestorage>\n    path $INSTANCE/var/Data.fs\n` +
        '  </filestorage>\n  mount-point /\n</zodb_db>\n',
    );
    const application = await makeApplication({}, conf);
    const only = process.env.BENCH_PATH;
    const times = new Map<string, number>();
    try {
      for (const each of only === undefined ? PATHS : [only]) {
        const work = () => {
          const answer = application(requestTo(each)) as Response;
          if (answer.status !== 200) throw new Error(`${each}: ${answer.status}`);
        };
        times.set(each, microseconds(work, quick));
      }
    } finally {
      application.close();
      rmSync(folder, { recursive: true, force: true });
    }
    const reference = times.get(PATHS[0]!);
    return [...times].map(([name, value]): BenchRow => ({
      name,
      value,
      unit: 'µs',
      ...(reference === undefined ? {} : { reference: PATHS[0]!, ratio: reference / value }),
    }));
  },
} satisfies Bench;

/** Processor time of one call: the best of several rounds, because others use the machine as well. */
function microseconds(work: () => void, quick: boolean): number {
  const budget = (quick ? 60 : 200) * 1000;
  const measure = (times: number): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  let times = 16;
  while (measure(times) < budget) times *= 2;
  // The engine is still compiling.
  for (let warm = 0; warm < 800_000;) warm += measure(times);
  let best = Infinity;
  for (let round = 0; round < (quick ? 6 : 15); round++) best = Math.min(best, measure(times) / times);
  return best;
}
