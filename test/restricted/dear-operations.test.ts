import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Program } from './dear-worker.ts';
import { PYTHON, TYPESCRIPT } from './dear-operations.ts';
import { DTML_PROGRAMS, PAGE_PROGRAMS, RECURSIONS } from './dear-templates.ts';
import { MORE_PYTHON, MORE_TYPESCRIPT } from './more-dear-operations.ts';

const root = path.resolve(import.meta.dirname, '../..');

const named = (
  language: Program['language'],
  programs: Readonly<Record<string, string>>,
  prefix = '',
): Program[] =>
  Object.entries(programs).map(([name, body]) => ({ name: `${language}: ${prefix}${name}`, language, body }));
const ALL = [
  ...named('Python', PYTHON),
  ...named('Python', MORE_PYTHON, 'more '),
  ...named('TypeScript', TYPESCRIPT),
  ...named('TypeScript', MORE_TYPESCRIPT, 'more '),
  ...named('DTML', DTML_PROGRAMS),
  ...named('page', PAGE_PROGRAMS),
];

/** Every twelfth in an ordinary run; all with ZOPE_TEST_OVERSHOOT=1, those of one language with its name there. */
const OVERSHOOT = process.env['ZOPE_TEST_OVERSHOOT'];
const CHOSEN = ALL.filter(({ language }, i) =>
  OVERSHOOT === undefined ? i % 12 === 0 : OVERSHOOT === '1' || OVERSHOOT === language,
);
/**
 * A program that is charged for what it does ends after so many steps, however fast the machine is. Time does not count, but for one
 * whose operation is not charged and does not end: the thread is stopped.
 */
const LIMITS = { steps: 300_000, memory: 256 * 2 ** 20, time: 3_600_000 };
const STUCK_MS = 120_000;

/** How each program ends; one that does not is named. */
function run(programs: readonly Program[]): Promise<Map<string, string>> {
  const ends = new Map<string, string>();
  let running = '';
  const worker = new Worker(path.join(import.meta.dirname, 'dear-worker.ts'), {
    workerData: { programs, limits: LIMITS },
    execArgv: ['--import', pathToFileURL(path.join(root, 'scripts/register-ts.js')).href],
    resourceLimits: { maxOldGenerationSizeMb: 1500 },
  });
  return new Promise((resolve, reject) => {
    const stuck = () => {
      ends.set(running, 'does not end');
      void worker.terminate();
    };
    let timer = setTimeout(stuck, STUCK_MS);
    worker.on('message', (message: { begins?: string; ends?: string; as?: string }) => {
      clearTimeout(timer);
      timer = setTimeout(stuck, STUCK_MS);
      if (message.begins !== undefined) running = message.begins;
      else ends.set(message.ends!, message.as!);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve(ends);
    });
  });
}

const RECURSIVE = (['DTML', 'page'] as const).flatMap((language) =>
  Object.entries(RECURSIONS[language]).map(([name, [body, ends]]) => ({
    name: `${language}: ${name}`,
    language,
    body,
    ends,
  })),
);

describe('a template that calls itself', () => {
  it('ends by an error about its recursion, and the thread serves the next', async () => {
    const ends = await run(RECURSIVE.map(({ name, language, body }) => ({ name, language, body })));
    for (const { name, ends: wanted } of RECURSIVE)
      expect([name, ends.get(name)]).toEqual([name, expect.stringMatching(wanted)]);
  }, 600_000);
});

describe('an operation that takes minutes or gigabytes', () => {
  it('is charged, and ends with the budget at a line of the script or template', async () => {
    const ends = await run(CHOSEN);
    const wrong = [...ends].filter(([, end]) => !/^BUDGET_(?:STEPS|MEMORY)$|^MemoryError: /.test(end));
    expect(Object.fromEntries(wrong)).toEqual({});
    expect(ends.size).toBe(CHOSEN.length);
  }, 1_800_000);
});
