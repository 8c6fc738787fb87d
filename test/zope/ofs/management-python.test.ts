/** Random work of managers in a tree of folders, by requests to Python's Zope and to this package. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accidentOf } from '../../publisher/lib/accidents.ts';
import {
  type BothSites,
  type SiteAnswer,
  startBoth,
  type WireRequest,
} from '../../publisher/lib/both-sites.ts';
import { type Difference, difference, told } from '../../publisher/lib/compare-answers.ts';
import { Random } from '../../restricted/programs.ts';
import { zopeWithScripts } from '../../templates/lib/zope-cases.ts';
import { ADMIN, form, nodesOf, treeRequest, userOf } from './tree-requests.ts';

/** How many trees, from which seed, and how many requests to each; all may be set to run freely. */
const COUNT = Number(process.env['TREE_FUZZ_COUNT'] ?? 6);
const SEED = Number(process.env['TREE_FUZZ_SEED'] ?? 20_261_129);
const REQUESTS = Number(process.env['TREE_FUZZ_REQUESTS'] ?? 30);
const ZOPE_PYTHON = zopeWithScripts();
if (ZOPE_PYTHON === undefined)
  console.warn(
    'differential tests of management are skipped: ZOPE_PYTHON names no Python with Zope and Products.PythonScripts',
  );

describe.skipIf(ZOPE_PYTHON === undefined)(`a tree of folders, worked on from seed ${SEED}`, () => {
  let sites: BothSites;
  beforeAll(async () => {
    vi.stubEnv('TZ', 'UTC');
    sites = await startBoth(ZOPE_PYTHON!);
    for (const home of Object.values(sites.homes)) mkdirSync(path.join(home, 'import'), { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await sites?.close();
    vi.unstubAllEnvs();
  });

  const both = (request: WireRequest): Promise<[SiteAnswer, SiteAnswer]> =>
    Promise.all([sites.python(request), sites.ours(request)]);

  /** Each side gets what the other one has exported. */
  function exchange(name: string, [python, ours]: readonly [SiteAnswer, SiteAnswer]): void {
    writeFileSync(path.join(sites.homes.python, 'import', name), ours.body);
    writeFileSync(path.join(sites.homes.ours, 'import', name), python.body);
  }

  async function workOn(random: Random, name: string): Promise<Difference | undefined> {
    const root = `/work/${name}`;
    const look: WireRequest = { method: 'GET', target: `${root}/look`, headers: [ADMIN] };
    const before: string[] = [];
    const files: string[] = [];
    await both(form('/work/manage_addFolder', [['id', name]]));
    await both(form(`${root}/manage_addFolder`, [['id', 'a']]));
    await both(
      form(`${root}/a/manage_setLocalRoles`, [
        ['userid', 'greta'],
        ['roles:list', 'Manager'],
      ]),
    );
    let listing = (await sites.python(look)).body.toString();
    for (let i = 0; i < REQUESTS; i++) {
      const request = treeRequest(random, root, nodesOf(listing), files);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they were made
      const answers = await both(request);
      let different = difference('tree', request, ...answers);
      before.push(`${userOf(request)} ${request.target} ${request.body!.toString('latin1').slice(0, 200)}`);
      if (different === undefined) {
        if (request.exported !== undefined && answers[0].status === 200) {
          exchange(request.exported, answers);
          files.push(request.exported);
        }
        // oxlint-disable-next-line no-await-in-loop
        const seen = await both(look);
        different = difference('tree', look, ...seen);
        listing = seen[0].body.toString();
      }
      if (different !== undefined && accidentOf(different) === undefined) return { ...different, before };
    }
    return undefined;
  }

  it(`stays the same as in Python's Zope, ${COUNT} trees of ${REQUESTS} requests`, async () => {
    const found: Difference[] = [];
    for (let i = 0; i < COUNT; i++) {
      // oxlint-disable-next-line no-await-in-loop -- they share a clipboard
      const different = await workOn(new Random(SEED + i * 7919), `tree${i}`);
      if (different !== undefined) found.push(different);
    }
    const report = process.env['TREE_FUZZ_REPORT'];
    if (report !== undefined) writeFileSync(report, JSON.stringify(found.map(told), null, 1));
    expect(found.slice(0, 3).map(told)).toEqual([]);
  }, 3_600_000);
});
