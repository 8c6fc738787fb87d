import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nobody, SecurityManager, withSecurityManager, ZopeSecurityPolicy } from '../src/access/index.ts';
import { type Persistent, wrap } from '../src/persistent/index.ts';
import { HTTPRequest, HTTPResponse, withRequest } from '../src/publisher/index.ts';
import { call, getattr, setSecurityPolicy } from '../src/restricted/index.ts';
import { PageTemplateProgram } from '../src/templates/index.ts';
import { TransactionManager } from '../src/transaction/index.ts';
import { DB, FileStorage } from '../src/zodb/index.ts';
import type { Application } from '../src/zope/ofs/index.ts';
import '../src/zope/ofs/index.ts';
import type { Bench, BenchOptions, BenchRow } from './bench.ts';

const SITE = path.join(import.meta.dirname, 'site');
/** What one core of Python Zope serves, requests a second, and how many times that is to be reached (with HTTP around it). */
const GOAL = { pythonRequests: 139, times: 40 };

const BLOCKS = 60;

/** A page of many different statements: the compiler's work. */
const LARGE = `<html><body>${Array.from(
  { length: BLOCKS },
  (
    _none,
    i,
  ) => `<div class="row${i}" tal:condition="python:options.get('a${i}', ${i}) &gt; 1" tal:define="v options/v | string:${i}">
<a href="#" tal:attributes="href string:\${here/absolute_url}/${i}; title v" tal:content="v">x</a>
<ul><li tal:repeat="item python:range(${i % 5})">\${repeat/item/number}: \${item}</li></ul></div>`,
).join('\n')}</body></html>`;

/** Microseconds of CPU time that one call takes: the best of several rounds, because others use the machine as well. */
function microseconds(work: () => unknown, { quick }: BenchOptions): number {
  const rounds = quick ? 3 : 15;
  const budget = quick ? 30 : 150;
  let times = 1;
  const measure = (n: number): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < n; i++) work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  while (measure(times) < budget * 1000) times *= 2;
  let best = Infinity;
  for (let i = 0; i < rounds; i++) best = Math.min(best, measure(times) / times);
  return best;
}

function requestFor(app: object): HTTPRequest {
  const headers = new Map([['host', 'site.example']]);
  const request = new HTTPRequest(
    {
      method: 'GET',
      environ: {
        scriptName: '',
        pathInfo: '/',
        queryString: '',
        rawTarget: '/',
        serverName: 'site.example',
        serverPort: '80',
        scheme: 'http',
        remoteAddr: '127.0.0.1',
        remotePort: '40000',
        serverProtocol: 'HTTP/1.1',
        remoteUser: '',
        extra: new Map(),
      },
      header: (name) => headers.get(name) ?? null,
      headers: () => headers,
    },
    new HTTPResponse({ charset: 'utf-8', realm: 'Zope' }),
  );
  request.parents = [app];
  return request;
}

function run(options: BenchOptions): BenchRow[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const data = path.join(folder, 'Data.fs');
  copyFileSync(path.join(SITE, 'Data.fs'), data);
  setSecurityPolicy(new ZopeSecurityPolicy());
  const db = new DB(new FileStorage(data, { readOnly: true }));
  try {
    const connection = db.open({ transactionManager: new TransactionManager() });
    const app = connection.root().get('Application') as Application;
    const user = wrap(
      nobody as unknown as Persistent,
      (app as unknown as { acl_users: Persistent }).acl_users,
    );
    const inSite = <T>(work: () => T): T =>
      withRequest(requestFor(app), () =>
        withSecurityManager(new SecurityManager(user as never), () => work()),
      );
    const python = pythonTimes(data);
    const page = (id: string): BenchRow => {
      const value = inSite(() =>
        microseconds(() => Buffer.byteLength(call(getattr(app, id), []) as string), options),
      );
      const reference = python?.[id];
      const goal = id === 'pt' ? { goal: GOAL.times } : {};
      return {
        name: `render of /${id}, guards on`,
        value,
        unit: 'µs',
        ...(reference === undefined
          ? { note: 'set ZOPE_PYTHON for the reference' }
          : { reference: `Python (${Math.round(reference)} µs)`, ratio: reference / value, ...goal }),
      };
    };
    return [
      page('pt'),
      page('index_html'),
      ...compilation(options, python),
      ...accesses(inSite, app, options),
    ];
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

function compilation(options: BenchOptions, python: Record<string, number> | undefined): BenchRow[] {
  const compile = () => PageTemplateProgram.compile(LARGE, { filename: 'large' });
  const value = microseconds(compile, options) / 1000;
  const reference = python?.compile;
  return [
    {
      name: `compilation of a template of ${Math.round(LARGE.length / 1024)} KiB, ${BLOCKS} blocks`,
      value,
      unit: 'ms',
      ...(reference === undefined
        ? {}
        : { reference: `Python (${Math.round(reference / 1000)} ms)`, ratio: reference / 1000 / value }),
    },
  ];
}

/** What one turn of a loop costs more with an access in it. */
function accesses(inSite: <T>(work: () => T) => T, app: Application, options: BenchOptions): BenchRow[] {
  const names = { here: app, context: app, request: null, options: new Map() };
  const perTurn = (content: string): number => {
    const source = `<tal:r define="d python:{'a': 1}; r python:range(1000)"><i tal:repeat="x r">${content}</i></tal:r>`;
    const program = PageTemplateProgram.compile(source, { filename: 'loop' });
    return inSite(() => microseconds(() => program.render(names), options));
  };
  const empty = perTurn('');
  return [
    ['guarded attribute of an object, here/title', '${here/title}'],
    ['guarded attribute in Python, python:here.title', '${python:here.title}'],
    ['item of a dict, d/a', '${d/a}'],
    ['loop variable, repeat/x/number', '${repeat/x/number}'],
  ].map(([name, content]) => ({ name: name!, value: perTurn(content!) - empty, unit: 'ns' }));
}

const PYTHON = String.raw`
import json, sys, time, warnings, logging
warnings.simplefilter('ignore'); logging.disable(logging.CRITICAL)
import os, tempfile
home = tempfile.mkdtemp()
conf = os.path.join(home, 'zope.conf')
data, large = sys.argv[1], sys.stdin.read()
with open(conf, 'w') as f:
    f.write('%%define INSTANCE %s\ninstancehome $INSTANCE\n<zodb_db main>\n  <filestorage>\n    path %s\n    read-only true\n  </filestorage>\n  mount-point /\n</zodb_db>\n' % (home, data))
from Zope2.Startup.run import configure_wsgi
configure_wsgi(conf)
import Zope2
root = Zope2.app()  # before Testing, which puts an empty database in its place
from Testing.makerequest import makerequest
from AccessControl.SecurityManagement import newSecurityManager
from AccessControl.users import nobody
app = makerequest(root)
newSecurityManager(None, nobody.__of__(app.acl_users))
def best(work, n, rounds=7):
    result = 1e9
    for _ in range(rounds):
        before = time.process_time()
        for _ in range(n): work()
        result = min(result, (time.process_time() - before) / n)
    return result * 1e6
times = {}
for name, n in (('pt', 20), ('index_html', 100)):
    page = getattr(app, name)
    page()
    times[name] = best(page, n)
from Products.PageTemplates.PageTemplate import PageTemplate
def compile_large():
    from Products.PageTemplates import engine
    engine._zt_expr_registry.clear()
    template = PageTemplate()
    template.write(large)
times['compile'] = best(compile_large, 1, 1)
json.dump(times, sys.stdout)
`;

/** Microseconds of Python Zope for the same, when there is one. */
function pythonTimes(data: string): Record<string, number> | undefined {
  const { ZOPE_PYTHON: python } = process.env;
  if (python === undefined) return undefined;
  const { status, stdout, stderr } = spawnSync(python, ['-c', PYTHON, data], {
    input: LARGE,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`the Python reference failed:\n${stderr}`);
  return JSON.parse(stdout) as Record<string, number>;
}

const bench: Bench = {
  about: 'page templates: rendering, compiling and guarded access, against Python Zope (ZOPE_PYTHON)',
  run,
};
export default bench;
