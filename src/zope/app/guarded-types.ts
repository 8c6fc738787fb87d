/** What scripts and templates see of containers, BTrees and the security context, and which modules they may import. */
import {
  EmergencyUserCannotOwn,
  getSecurityManager,
  rolesForPermissionOn,
  SecurityManager,
  SpecialUser,
  StoredUser,
  UnrestrictedUser,
} from '../../access/index.ts';
import {
  declareClass,
  KeyError,
  registerForeignError,
  registerModule,
  registerType,
  repr,
} from '../../restricted/index.ts';
import { registerNamespaceFunction } from '../../templates/index.ts';
import { getRequest, type HTTPRequest } from '../../publisher/index.ts';
import {
  ConflictError,
  POSError,
  POSKeyError,
  ReadConflictError,
  ReadOnlyError,
  UndoError,
} from '../../zodb/index.ts';
import { Application } from '../ofs/application.ts';
import { ObjectManager } from '../ofs/object-manager.ts';

// What the database raises, under its names in Python.
registerForeignError(POSError, 'POSError');
registerForeignError(ConflictError, 'ConflictError');
registerForeignError(ReadConflictError, 'ReadConflictError');
registerForeignError(ReadOnlyError, 'ReadOnlyError');
registerForeignError(UndoError, 'UndoError');
registerForeignError(EmergencyUserCannotOwn, 'EmergencyUserCannotOwn');
registerForeignError(POSKeyError, 'POSKeyError', KeyError);

registerType(ObjectManager, {
  operators: {
    getitem: (self, key) => self.__getitem__(key as string),
    contains: (self, key) => self.hasObject(key as string),
    iter: (self) => self.objectIds(),
    len: (self) => self._objects.length,
    bool: () => true,
  },
});

/** `checkPermission` as Python answers it: what the user's own check gives (None when it denies), 0 and 1 where the code's owner or proxy roles decide. */
function permissionAnswer(manager: SecurityManager, permission: string, object: unknown): unknown {
  const granted = manager.checkPermission(permission, object);
  const executable = manager.stack.at(-1);
  if ((executable?._proxy_roles?.length ?? 0) > 0) return granted ? 1 : 0;
  if (granted) return manager.getUser() instanceof UnrestrictedUser ? true : 1;
  const owner = executable?.getOwner() ?? null;
  return owner !== null && !owner.allowed(object, rolesForPermissionOn(permission, object)) ? 0 : null;
}

registerType(SecurityManager, {
  pyName: 'SecurityManager',
  attributes: [],
  methods: {
    getUser: ['', (self) => self.getUser()],
    checkPermission: [
      'permission, object',
      (self, permission: string, object: unknown) => permissionAnswer(self, permission, object),
    ],
    validate: [
      'accessed=None, container=None, name=None, value=None, roles=None',
      (self, accessed: unknown, container: unknown, name?: string | null, value?: unknown) =>
        self.validate(accessed ?? null, container ?? null, name ?? undefined, value ?? null),
    ],
    calledByExecutable: ['', (self) => (self.calledByExecutable() ? 1 : 0)],
  },
});

registerModule('AccessControl', { getSecurityManager });
registerNamespaceFunction('SecurityGetUser', () => getSecurityManager().getUser());
registerNamespaceFunction('SecurityCalledByExecutable', () =>
  // The template that asks is itself on the stack.
  getSecurityManager().stack.length > 1 ? 1 : 0,
);

for (const cls of [StoredUser, SpecialUser] as const) {
  registerType(cls as typeof StoredUser, {
    pyName: cls === StoredUser ? 'User' : 'SpecialUser',
    methods: {
      has_role: [
        'roles, object=None',
        (self, roles: string | readonly string[], object?: unknown) => (self.has_role(roles, object) ? 1 : 0),
      ],
      has_permission: [
        'permission, object',
        (self, permission: string, object: unknown) => (self.has_permission(permission, object) ? 1 : null),
      ],
    },
    operators: { str: (self) => self.getUserName(), repr: (self) => `<User ${repr(self.getUserName())}>` },
  });
}

/** What is above the root of a site during a request: it has the request and nothing else. */
class RequestContainer {
  readonly request: HTTPRequest;

  constructor(request: HTTPRequest) {
    this.request = request;
  }
}
declareClass(RequestContainer, { object: 'public' });
registerType(RequestContainer, {
  pyName: 'RequestContainer',
  getters: { REQUEST: (self) => self.request },
});

registerType(Application, {
  denied: ['Control_Panel'],
  operators: {
    getattr: (self, name) => {
      // The root has no wrapper of its own; these are what Python's has.
      if (name === 'aq_explicit' || name === 'aq_inner') return self;
      const request = name === 'aq_parent' ? getRequest() : undefined;
      return request === undefined ? undefined : new RequestContainer(request);
    },
  },
});
