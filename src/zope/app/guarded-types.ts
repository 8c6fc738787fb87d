/** What scripts and templates see of containers, BTrees and the security context, and which modules they may import. */
import { getSecurityManager, SecurityManager } from '../../access/index.ts';
import { registerModule, registerType } from '../../restricted/index.ts';
import { ObjectManager } from '../ofs/object-manager.ts';

registerType(ObjectManager, {
  operators: {
    getitem: (self, key) => self.__getitem__(key as string),
    contains: (self, key) => self.hasObject(key as string),
    iter: (self) => self.objectIds(),
    len: (self) => self._objects.length,
    bool: () => true,
  },
});

registerType(SecurityManager, {
  pyName: 'SecurityManager',
  attributes: [],
  methods: {
    getUser: ['', (self) => self.getUser()],
    checkPermission: [
      'permission, object',
      (self, permission: string, object: unknown) => (self.checkPermission(permission, object) ? 1 : null),
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
