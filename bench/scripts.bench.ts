/** Scripts and DTML as a request meets them, without HTTP: security, bindings, rendering; the DTML against Python Zope's (ZOPE_PYTHON). */
import { spawnSync } from 'node:child_process';
import { call, getattr } from '../src/restricted/index.ts';
import { TypeScriptScript } from '../src/zope/ofs/index.ts';
import { type TestSite, withSite } from '../test/conformance/suites/lib/site.ts';
import type { Bench, BenchRow } from './bench.ts';

const DTML = `<!DOCTYPE html>
<html>
<head><title><dtml-var title_or_id></title></head>
<body>
<table>
<dtml-in "[{'id': i, 'name': 'Item %d' % i, 'price': i * 3} for i in _.range(100)]" mapping>
<tr id="row-<dtml-var id>" class="<dtml-if sequence-odd>odd<dtml-else>even</dtml-if>">
<td><dtml-var sequence-number></td>
<td><a href="item/<dtml-var id>"><dtml-var name html_quote></a></td>
<td><dtml-var price></td>
</tr>
</dtml-in>
</table>
</body>
</html>
`;
const PYTHON_SCRIPT = "return 'Hello, the answer is %d' % (6 * 7)\n";
const TYPE_SCRIPT = 'const n: number = 6 * 7;\nreturn `Hello, the answer is ${n}`;\n';
const SHOP = `rows = []
for o in context.objectValues():
    rows.append('%s: %s' % (o.getId(), o.title_or_id()))
return '\\n'.join(rows)
`;
const SHOP_TS =
  "return context.objectValues().map((o: any) => `${o.getId()}: ${o.title_or_id()}`).join('\\n')\n";

const PYTHON = String.raw`
import json, sys, time
from OFS.Application import Application
from OFS.DTMLMethod import DTMLMethod
from Testing.makerequest import makerequest
source, rounds = json.load(sys.stdin)
app = makerequest(Application())
app._setObject('dt', DTMLMethod(source, __name__='dt'))
dt = app.dt
best = 1e9
for _ in range(rounds):
    start = time.process_time()
    for _ in range(20): dt(app, app.REQUEST)
    best = min(best, (time.process_time() - start) / 20)
json.dump(best * 1e6, sys.stdout)
`;

function referenceOf(rounds: number): number | undefined {
  const python = process.env['ZOPE_PYTHON'];
  if (python === undefined) {
    console.error('ZOPE_PYTHON is not set: no reference for DTML');
    return undefined;
  }
  const run = spawnSync(python, ['-c', PYTHON], { input: JSON.stringify([DTML, rounds]), encoding: 'utf8' });
  if (run.status !== 0) console.error(run.stderr);
  return run.status === 0 ? (JSON.parse(run.stdout) as number) : undefined;
}

/** CPU microseconds of one call, the best of some rounds. */
function microseconds(rounds: number, calls: number, work: () => unknown): number {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / calls);
  }
  return best;
}

function addTypeScript(site: TestSite, id: string, body: string): void {
  const script = new TypeScriptScript(id);
  script.manage_edit('', body);
  (site.app as unknown as { _setObject(id: string, o: object, options: object): void })._setObject(
    id,
    script,
    {
      setOwner: false,
    },
  );
}

const bench: Bench = {
  about: 'Script (Python), Script (TypeScript) and DTML in a site, microseconds a call',
  run({ quick }): BenchRow[] {
    const rounds = quick ? 3 : 12;
    const reference = referenceOf(quick ? 3 : 10);
    const children = Array.from({ length: 100 }, (_none, i) => ({
      $obj: { class: 'File', id: `f${i}`, title: `File ${i}` },
    }));
    return withSite({ root: [{ $obj: { class: 'Folder', id: 'files', children } }] }, (site) => {
      site.add(site.app, { class: 'DTML Method', id: 'dt', source: DTML });
      site.add(site.app, { class: 'Script (Python)', id: 'sc', body: PYTHON_SCRIPT });
      site.add(site.app, { class: 'Script (Python)', id: 'list', body: SHOP });
      addTypeScript(site, 'ts', TYPE_SCRIPT);
      addTypeScript(site, 'list_ts', SHOP_TS);
      const files = site.at('files');
      const [dt, sc, ts] = ['dt', 'sc', 'ts'].map((id) => getattr(site.app, id));
      const [list, listTs] = ['list', 'list_ts'].map((id) => getattr(files, id));
      const rows: [string, number, () => unknown][] = [
        ['Script (Python) of one line (/sc)', 5000, () => call(sc, [])],
        ['Script (TypeScript) of one line', 5000, () => call(ts, [])],
        ['Script (Python) that lists 100 objects', 100, () => call(list, [])],
        ['Script (TypeScript) that lists 100 objects', 100, () => call(listTs, [])],
        ['DTML with a table of 100 rows (/dt)', 100, () => call(dt, [site.app, site.request])],
      ];
      return rows.map(([name, calls, work]): BenchRow => {
        const value = microseconds(rounds, calls, work);
        return name.startsWith('DTML') && reference !== undefined
          ? {
              name,
              value,
              unit: 'µs',
              reference: `Python Zope (${reference.toFixed(0)} µs)`,
              ratio: reference / value,
              goal: 20,
            }
          : { name, value, unit: 'µs' };
      });
    });
  },
};
export default bench;
