/**
 * Who may do what, in random trees of folders with permissions, local roles, owners, user folders and scripts with proxy roles, as Zope decides.
 * Runs where `ZOPE_PYTHON` names a Python that has Zope and its scripts. `ACCESS_CASES=2000 ACCESS_SEED=7` runs more of them, or others.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  type Executable,
  nobody,
  rolesForPermissionOn,
  SecurityManager,
  system,
  type User,
  withSecurityManager,
} from '../../src/access/index.ts';
import { wrap } from '../../src/persistent/index.ts';
import { tupleFrom } from '../../src/pickle/index.ts';
import { AttributeError, getattr, Unauthorized } from '../../src/restricted/index.ts';
import { Folder, type Item, PythonScript, UserFolder } from '../../src/zope/ofs/index.ts';
import { zopeWithScripts } from '../templates/lib/zope-cases.ts';
import { TestSite } from '../zope/ofs/test-site.ts';

type Who = 'nobody' | 'system' | readonly [folder: string, name: string];
type Query = readonly [operation: string, args: readonly never[], answer: unknown];

interface Case {
  readonly number: number;
  readonly steps: readonly (readonly [operation: string, ...args: never[]])[];
  readonly queries: readonly Query[];
}

const python = zopeWithScripts();
const count = process.env['ACCESS_CASES'] ?? '40';
if (python === undefined)
  console.warn(
    'ZOPE_PYTHON names no Python with Zope and Products.PythonScripts: decisions are not compared',
  );

const sorted = (roles: Iterable<string>): string[] => [...new Set(roles)].sort();

class Tree {
  readonly #site = new TestSite();

  at(where: string): Folder {
    let found = this.#site.app as unknown as Folder;
    for (const name of where.split('/')) if (name !== '') found = found._getOb(name) as unknown as Folder;
    return found;
  }

  #users(where: string): UserFolder {
    return this.at(where)._getOb('acl_users') as unknown as UserFolder;
  }

  #user(who: Who): User {
    if (who === 'system') return system;
    if (who === 'nobody') return wrap(nobody as User & object, this.#users(''));
    const users = this.#users(who[0]);
    return wrap(users.getUser(who[1])!, users);
  }

  /** Builds the tree. */
  readonly steps: Readonly<Record<string, (...args: never[]) => void>> = {
    folder: (where: string, name: string) => this.#add(where, name, new Folder(name)),
    script: (where: string, name: string) => this.#add(where, name, new PythonScript(name)),
    users: (where: string) => this.#add(where, 'acl_users', new UserFolder()),
    user: (where: string, name: string, roles: string[]) => this.#users(where)._doAddUser(name, 'pw', roles),
    permission: (where: string, permission: string, roles: string[], acquire: number) =>
      void this.at(where).manage_permission(permission, roles, acquire),
    local: (where: string, user: string, roles: string[]) =>
      void this.at(where).manage_addLocalRoles(user, roles),
    owner: (where: string, users: string | null, name: string) => {
      const folders = users?.split('/').filter((part) => part !== '') ?? [];
      Object.assign(this.at(where), {
        _owner: users === null ? null : tupleFrom([[...folders, 'acl_users'], name]),
      });
    },
    proxy: (where: string, roles: string[]) =>
      void Object.assign(this.at(where), { _proxy_roles: tupleFrom(roles) }),
  };

  #add(where: string, name: string, object: object): void {
    this.at(where)._setObject(name, object as Item);
  }

  build(steps: Case['steps']): void {
    this.#site.change((app) => {
      app.__ac_roles__ = tupleFrom(['Manager', 'Editor', 'Reader', 'Owner']);
      for (const [operation, ...args] of steps) this.steps[operation]!(...args);
    });
  }

  #within<T>(who: Who, script: string | null, work: (manager: SecurityManager) => T): T {
    const manager = new SecurityManager(this.#user(who));
    return withSecurityManager(manager, () => {
      if (script !== null) manager.addContext(this.at(script) as unknown as Executable);
      return work(manager);
    });
  }

  readonly queries: Readonly<Record<string, (...args: never[]) => unknown>> = {
    roles: (where: string, permission: string) => {
      const roles = rolesForPermissionOn(permission, this.at(where)) ?? [];
      return roles.includes('Anonymous') ? ['Anonymous'] : sorted(roles);
    },
    context: (who: Who, where: string) => sorted(this.#user(who).getRolesInContext(this.at(where))),
    role: (who: Who, where: string, role: string) => this.#user(who).has_role(role, this.at(where)),
    may: (who: Who, where: string, permission: string) =>
      this.#user(who).has_permission(permission, this.at(where)),
    allowed: (who: Who, where: string, roles: string[]) => this.#user(who).allowed(this.at(where), roles),
    check: (who: Who, script: string | null, where: string, permission: string) =>
      this.#within(who, script, (manager) => manager.checkPermission(permission, this.at(where))),
    get: (who: Who, script: string | null, where: string, name: string) =>
      this.#within(who, script, () => {
        try {
          getattr(this.at(where), name);
          return true;
        } catch (error) {
          if (error instanceof Unauthorized) return false;
          throw error;
        }
      }),
    settings: (where: string, permission: string) => [
      ...Array.from(
        this.at(where).rolesOfPermission(permission) as Iterable<Map<string, unknown>>,
        (role) => [role.get('name'), role.get('selected') !== ''],
      ),
      this.at(where).acquiredRolesAreUsedBy(permission),
    ],
    local: (where: string, role: string) => [
      [...this.at(where).users_with_local_role(role)],
      Array.from(this.at(where).get_local_roles(), (entry) => {
        const [user, roles] = entry as unknown as [string, Iterable<string>];
        return [user, [...roles]];
      }),
      sorted(this.at(where).valid_roles()),
    ],
  };

  ask(operation: string, args: readonly never[]): unknown {
    try {
      return this.queries[operation]!(...args);
    } catch (error) {
      if (error instanceof AttributeError) return 'AttributeError';
      throw error;
    }
  }
}

test.skipIf(python === undefined)(
  'the policy decides on random trees as Zope does',
  { timeout: 300_000 + Number(count) * 100 },
  () => {
    const { stdout, stderr, status } = spawnSync(
      python!,
      [path.join(import.meta.dirname, 'decisions_python.py'), process.env['ACCESS_SEED'] ?? '1', count],
      { encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    expect(status, stderr).toBe(0);
    const failed: unknown[] = [];
    for (const line of stdout.trim().split('\n')) {
      const { number, steps, queries } = JSON.parse(line) as Case;
      const tree = new Tree();
      tree.build(steps);
      for (const [operation, args, wanted] of queries) {
        const found = tree.ask(operation, args);
        if (JSON.stringify(found) !== JSON.stringify(wanted))
          failed.push({ number, operation, args, wanted, found });
      }
    }
    expect(failed.slice(0, 40)).toEqual([]);
  },
);
