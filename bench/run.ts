/**
 * The benchmark runner: `npm run bench -- NAME [--json FILE] [--quick]`, `npm run bench -- --list`.
 * Prints a table whose ratios compare with a reference that is measured in the same run.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import type { Bench, BenchRow } from './bench.ts';

const here = import.meta.dirname;
const names = readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .sort();
const load = async (name: string) =>
  ((await import(pathToFileURL(path.join(here, `${name}.bench.ts`)).href)) as { default: Bench }).default;

const fail = (message: string): never => {
  console.error(message);
  process.exit(2);
};
const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
let parsed: ReturnType<typeof parse>;
try {
  parsed = parse();
} catch (error) {
  fail(`bench: ${(error as Error).message}`);
}
const { values: options, positionals } = parsed!;
if (options.list) {
  for (const name of names) console.log(`${name.padEnd(12)} ${(await load(name)).about}`);
} else {
  const unknown = positionals.filter((name) => !names.includes(name));
  if (positionals.length === 0 || unknown.length > 0) {
    fail(
      unknown.length > 0
        ? `bench: no benchmark ${unknown.join(', ')}; there are: ${names.join(', ')}`
        : 'usage: npm run bench -- NAME [--json FILE] [--quick], or --list',
    );
  }
  const all: Record<string, BenchRow[]> = {};
  for (const name of positionals) {
    console.log(`\n${name}`);
    const printed = new Set<BenchRow>();
    const print = (row: BenchRow) => {
      if (printed.has(row)) return;
      printed.add(row);
      const value = row.value >= 1000 ? Math.round(row.value).toLocaleString('en') : row.value.toPrecision(4);
      const ratio = row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} × ${row.reference}`;
      const goal =
        row.goal === undefined
          ? ''
          : ` (goal ${row.goal}${row.ratio! >= row.goal ? ', reached' : ', NOT reached'})`;
      console.log(
        `  ${row.name.padEnd(44)} ${value.padStart(12)} ${row.unit.padEnd(10)} ${ratio}${goal}${row.note ? `  ${row.note}` : ''}`,
      );
    };
    all[name] = await (await load(name)).run({ quick: options.quick, row: print });
    for (const row of all[name]) print(row);
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
  process.exit(0);
}
