import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { initializeRoot } from '../../../src/zope/app/initialize.ts';
import { TestSite } from '../ofs/test-site.ts';

let home: string;
let site: TestSite;

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'initialize-'));
  site = new TestSite();
  writeFileSync(path.join(home, 'inituser'), 'first:secret\n');
});
afterEach(() => {
  site.close();
  rmSync(home, { recursive: true, force: true });
});

const start = () => (initializeRoot(site.connection, home) as TestSite['app']).acl_users;

it('makes the user of the file inituser a Manager, in place of the only one, and removes the file', () => {
  site.addUser('forgotten', ['Manager']);
  const users = start();
  expect(users.getUserNames()).toEqual(['first']);
  expect([...users.getUser('first')!.getRoles()]).toContain('Manager');
  expect(existsSync(path.join(home, 'inituser'))).toBe(false);
});

it('leaves a site with several users and its file inituser as they are', () => {
  site.addUser('ann', ['Manager']);
  site.addUser('bob', []);
  expect(start().getUserNames()).toEqual(['ann', 'bob']);
  expect(existsSync(path.join(home, 'inituser'))).toBe(true);
});
