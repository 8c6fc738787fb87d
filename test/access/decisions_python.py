"""Decisions of Zope's security policy on random trees: a case a line. Arguments: the seed, the number of cases."""
import json
import random
import sys
import warnings

warnings.simplefilter('ignore')
from AccessControl import getSecurityManager  # noqa: E402
from AccessControl.owner import Owned  # noqa: E402
from AccessControl.PermissionRole import rolesForPermissionOn  # noqa: E402
from AccessControl.SecurityManagement import newSecurityManager, noSecurityManager  # noqa: E402
from AccessControl.users import nobody, system  # noqa: E402
from AccessControl.ZopeGuards import guarded_getattr  # noqa: E402
from AccessControl.unauthorized import Unauthorized  # noqa: E402
from OFS.Application import Application  # noqa: E402
from OFS.Folder import Folder  # noqa: E402
from OFS.userfolder import UserFolder  # noqa: E402
from Products.PythonScripts.PythonScript import PythonScript  # noqa: E402
from Testing.makerequest import makerequest  # noqa: E402

# An owner counts in his folder only, here also where code of his does not act by proxy roles. Python asks him without his folder.
Owned.getOwner = lambda self, info=0: self.getWrappedOwner()
rnd = random.Random(int(sys.argv[1]))
# The defaults of others depend on the order in which modules are imported.
PERMISSIONS = ['View', 'Access contents information', 'View management screens', 'Delete objects', 'Manage properties', 'Change permissions']
ROLES = ['Anonymous', 'Authenticated', 'Manager', 'Owner', 'Editor', 'Reader']
# No methods that nothing declares: those are open in Python, and closed here.
NAMES = ['title', 'id', 'objectIds', 'objectValues', 'manage_delObjects', 'manage_permission', 'absolute_url', 'getId', 'title_or_id', '_owner', 'acl_users', 'propertyValues', 'manage_changeProperties',
         '__ac_roles__', 'rolesOfPermission', 'get_local_roles', 'aq_parent', 'aq_inner', 'aq_base', 'aq_self', 'aq_explicit', 'aq_chain', 'manage_addLocalRoles', 'manage_renameObject',
         'getOwner', 'manage_changeOwnershipType', 'hasObject', 'getPhysicalPath', 'unrestrictedTraverse', 'restrictedTraverse', 'virtual_url_path', 'get', 'keys', 
         '_setObject', '_getOb', 'propertyIds', 'getProperty', 'hasProperty', 'title_and_id', 'this', 'manage_addProperty', 'manage_setLocalRoles', 'none_such']


def some(values, most=3):
    return rnd.sample(values, rnd.randrange(min(most, len(values)) + 1))


class Case:
    def __init__(self):
        self.app = makerequest(Application())
        self.app._setObject('acl_users', UserFolder()) if 'acl_users' not in self.app.objectIds() else None
        self.app.__ac_roles__ = ('Manager', 'Editor', 'Reader', 'Owner')
        self.steps, self.queries = [], []
        self.folders, self.scripts, self.users = [''], [], []

    def at(self, path):
        found = self.app
        for name in path.split('/'):
            if name:
                found = getattr(found, name)
        return found

    def step(self, op, *args):
        try:
            getattr(self, 'do_' + op)(*args)
        except AttributeError:
            return  # No roles, acquired, where there were none either.
        self.steps.append([op, *args])

    def do_folder(self, path, name):
        self.at(path)._setObject(name, Folder(name))

    def do_script(self, path, name):
        self.at(path)._setObject(name, PythonScript(name))

    def do_users(self, path):
        self.at(path)._setObject('acl_users', UserFolder())

    def do_user(self, path, name, roles):
        self.at(path).acl_users._doAddUser(name, 'pw', roles, [])

    def do_permission(self, path, permission, roles, acquire):
        self.at(path).manage_permission(permission, roles, acquire)

    def do_local(self, path, user, roles):
        self.at(path).manage_addLocalRoles(user, roles)

    def do_owner(self, path, users, name):
        self.at(path)._owner = None if users is None else ([p for p in users.split('/') if p] + ['acl_users'], name)

    def do_proxy(self, path, roles):
        self.at(path)._proxy_roles = tuple(roles)

    def build(self):
        noSecurityManager()
        for _ in range(rnd.randrange(2, 6)):
            path, name = rnd.choice(self.folders), 'f%d' % len(self.folders)
            self.step('folder', path, name)
            self.folders.append(path + '/' + name)
        self.holders = ['']
        for path in self.folders[1:]:
            if rnd.random() < .3:
                self.step('users', path)
                self.holders.append(path)
        for path in self.holders:
            for name in some(['ann', 'bob', 'cy', 'dee']):
                self.step('user', path, name, some(ROLES[2:], 2))
                self.users.append([path, name])
        for _ in range(rnd.randrange(3)):
            path, name = rnd.choice(self.folders), 's%d' % len(self.scripts)
            self.step('script', path, name)
            self.scripts.append(path + '/' + name)
        for path in self.folders + self.scripts:
            for permission in some(PERMISSIONS, 4):
                self.step('permission', path, permission, some(ROLES), rnd.randrange(2))
            for user in some(['ann', 'bob', 'cy'], 2):
                self.step('local', path, user, rnd.sample(ROLES[2:], rnd.randrange(1, 3)))
            if rnd.random() < .4:
                self.step('owner', path, *rnd.choice(self.users + [[None, None], ['', 'gone']]))
        for path in self.scripts:
            if rnd.random() < .5:
                self.step('proxy', path, some(ROLES, 2))

    def user(self, who):
        if who == 'nobody':
            return nobody.__of__(self.app.acl_users)
        if who == 'system':
            return system
        users = self.at(who[0]).acl_users
        return users.getUser(who[1]).__of__(users)

    def ask(self, op, *args):
        try:
            answer = getattr(self, 'ask_' + op)(*args)
        except (AttributeError, KeyError) as e:
            answer = type(e).__name__
        self.queries.append([op, list(args), answer])

    def ask_roles(self, path, permission):
        roles = sorted(set(rolesForPermissionOn(permission, self.at(path)) or ()))
        # Who is found is enough: others are looked for no further.
        return ['Anonymous'] if 'Anonymous' in roles else roles

    def ask_context(self, who, path):
        return sorted(set(self.user(who).getRolesInContext(self.at(path))))

    def ask_role(self, who, path, role):
        return bool(self.user(who).has_role(role, self.at(path)))

    def ask_may(self, who, path, permission):
        return bool(self.user(who).has_permission(permission, self.at(path)))

    def ask_allowed(self, who, path, roles):
        return bool(self.user(who).allowed(self.at(path), roles))

    def within(self, who, script, work):
        newSecurityManager(None, self.user(who))
        manager = getSecurityManager()
        if script is not None:
            manager.addContext(self.at(script))
        return work(manager)

    def ask_check(self, who, script, path, permission):
        return bool(self.within(who, script, lambda m: m.checkPermission(permission, self.at(path))))

    def ask_get(self, who, script, path, name):
        def work(manager):
            try:
                guarded_getattr(self.at(path), name)
                return True
            except Unauthorized:
                return False
        return self.within(who, script, work)

    def ask_settings(self, path, permission):
        found = self.at(path).rolesOfPermission(permission)
        return [[r['name'], bool(r['selected'])] for r in found] + [self.at(path).acquiredRolesAreUsedBy(permission)]

    def ask_local(self, path, role):
        folder = self.at(path)
        return [list(folder.users_with_local_role(role)), [[u, list(r)] for u, r in folder.get_local_roles()], sorted(folder.valid_roles())]


def case(number):
    made = Case()
    made.build()
    who = made.users + ['nobody', 'nobody', 'system']
    for _ in range(60):
        path = rnd.choice(made.folders + made.scripts)
        script = rnd.choice(made.scripts) if made.scripts and rnd.random() < .6 else None
        user, permission = rnd.choice(who), rnd.choice(PERMISSIONS)
        op = rnd.choice(['roles', 'context', 'role', 'may', 'allowed', 'check', 'check', 'get', 'get', 'get', 'settings', 'local'])
        if op == 'roles' or op == 'settings':
            made.ask(op, path, permission)
        elif op == 'context':
            made.ask(op, user, path)
        elif op == 'role':
            made.ask(op, user, path, rnd.choice(ROLES))
        elif op == 'may':
            made.ask(op, user, path, permission)
        elif op == 'allowed':
            made.ask(op, user, path, some(ROLES))
        elif op == 'check':
            made.ask(op, user, script, path, permission)
        elif op == 'get':
            # The root of a test has no request around it.
            path = path or rnd.choice(made.folders[1:])
            children = [p.split('/')[-1] for p in made.folders[1:] + made.scripts]
            # What a script acquires counts with the object that has it; in Python a method of a folder counts with the script.
            made.ask(op, user, script, path, rnd.choice(children if path in made.scripts else NAMES + children * 3))
        else:
            made.ask(op, path, rnd.choice(ROLES))
    return {'number': number, 'steps': made.steps, 'queries': made.queries}


for i in range(int(sys.argv[2])):
    print(json.dumps(case(i)))
