/**
 * The conformance runner: `npm run conformance -- [--from DIR] [--suite NAME] [--case TEXT] [--with-skipped] [--json FILE]`.
 * Runs every case under DIR (default `test/corpus`), prints each failure with a diff, a line a suite, and last
 * `N passed, N failed, N skipped`. Exit code 1 when a case failed, 2 when it cannot run at all.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { diffOf } from './diff.ts';
import { type Case, Mismatch, type Suite } from './suite.ts';

interface Divergence {
  /** Why our answer is better than the recorded one. */
  reason: string;
  /** Replaces `expect`; the runner asserts it. */
  answer: unknown;
}

interface Result {
  suite: string;
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  diverges?: boolean;
  message?: string;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

function fail(message: string): never {
  console.error(`conformance: ${message}`);
  process.exit(2);
}

function readCases(dir: string, suite: string): Case[] {
  const cases: Case[] = [];
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith('.json')) continue;
    const content = readJson(path.join(dir, file));
    for (const item of Array.isArray(content.cases) ? content.cases : [])
      cases.push({ ...item, suite, file });
  }
  return cases;
}

function applyDivergences(
  suite: string,
  cases: Case[],
  all: Record<string, Record<string, Divergence>>,
): Set<string> {
  const divergences = Object.entries(all[suite] ?? {});
  const names = new Set<string>();
  for (const [name, { answer, reason }] of divergences) {
    const index = cases.findIndex((item) => item.name === name);
    if (!reason) fail(`divergences.json: ${suite}/${name} gives no reason`);
    if (index < 0) continue;
    cases[index] = { ...cases[index]!, expect: answer };
    names.add(name);
  }
  if (names.size > 0 && names.size > Math.max(1, Math.floor(cases.length * 0.02))) {
    fail(`divergences.json: ${names.size} of ${cases.length} cases of ${suite}; at most 2 % may diverge`);
  }
  return names;
}

async function runSuite(dir: string, name: string, filter: string | undefined): Promise<Result[]> {
  const { default: suite } = (await import(pathToFileURL(path.join(here, 'suites', `${name}.ts`)).href)) as {
    default: Suite;
  };
  const context = { dir };
  let cases = suite.cases?.(context) ?? readCases(dir, name);
  const diverging = applyDivergences(name, cases, readJson(path.join(here, 'divergences.json')));
  if (filter !== undefined)
    cases = cases.filter((item) => item.name.includes(filter) || item.file.includes(filter));
  const results: Result[] = [];
  await suite.setUp?.(context);
  const queue = cases.entries();
  const worker = async () => {
    for (const [index, item] of queue) {
      const result: Result = { suite: name, name: item.name, outcome: 'passed' };
      results[index] = result;
      if (isSkipped(name, item)) {
        result.outcome = 'skipped';
        continue;
      }
      if (diverging.has(item.name)) result.diverges = true;
      try {
        await suite.run(item, context);
      } catch (error) {
        result.outcome = 'failed';
        result.message =
          error instanceof Mismatch
            ? `${error.message}\n${diffOf(error.expected, error.actual)}`
            : error instanceof Error
              ? (error.stack ?? error.message)
              : String(error);
        console.log(`FAILED ${name}/${item.name} (${item.file}): ${item.about ?? ''}\n${result.message}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: suite.concurrency ?? 1 }, worker));
  await suite.tearDown?.();
  return results;
}

function countCases(dir: string, suite: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true });
  let count = readCases(dir, suite).length;
  for (const file of files) {
    if (!file.isFile() || !file.name.endsWith('.json')) continue;
    const { groups } = readJson(path.join(file.parentPath, file.name));
    for (const group of Array.isArray(groups) ? groups : []) count += group.steps?.length ?? 0;
  }
  return count;
}

const parse = () =>
  parseArgs({
    options: {
      from: { type: 'string', default: path.join(here, '../corpus') },
      suite: { type: 'string', multiple: true },
      case: { type: 'string' },
      json: { type: 'string' },
      'with-skipped': { type: 'boolean', default: false },
    },
  }).values;
let options: ReturnType<typeof parse>;
try {
  options = parse();
} catch (error) {
  fail((error as Error).message);
}
const from = path.resolve(options.from);
if (!existsSync(from) || !statSync(from).isDirectory()) fail(`no folder ${options.from}`);
/**
 * Suites, files (`http/manage/adding.json`), groups of cases (`http/add-objects`) and cases that nothing is held to yet, each with
 * the room that it needs and that is still to be built.
 */
const skipped = new Set<string>(
  options['with-skipped'] ? [] : Object.keys(readJson(path.join(here, 'skipped-suites.json'))),
);
const isSkipped = (suite: string, { file, name }: Case) =>
  [file, name, name.split('/')[0]!].some((each) => skipped.has(`${suite}/${each}`));
const present = readdirSync(from).filter((name) => statSync(path.join(from, name)).isDirectory());
const wanted = options.suite ?? present.sort();
const all: Result[] = [];
const lines: string[] = [];
for (const name of wanted) {
  const dir = path.join(from, name);
  if (!present.includes(name)) fail(`no suite ${name} in ${options.from} (there are ${present.join(', ')})`);
  const start = performance.now();
  let results: Result[];
  if (skipped.has(name)) {
    results = Array.from({ length: countCases(dir, name) }, () => ({
      suite: name,
      name: '*',
      outcome: 'skipped',
    }));
  } else if (!existsSync(path.join(here, 'suites', `${name}.ts`))) {
    fail(`no runner for suite ${name}: add test/conformance/suites/${name}.ts`);
  } else results = await runSuite(dir, name, options.case);
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  const diverging = results.filter((result) => result.diverges).length;
  lines.push(
    `${name}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped` +
      ` (${((performance.now() - start) / 1000).toFixed(1)} s${diverging > 0 ? `, ${diverging} diverge from Python` : ''})`,
  );
  all.push(...results);
}
for (const line of lines) console.log(line);
const total = (outcome: string) => all.filter((result) => result.outcome === outcome).length;
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
console.log(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
// Suites may leave servers or timers behind when a case fails; the verdict is printed, so end here.
process.exit(total('failed') > 0 ? 1 : 0);
