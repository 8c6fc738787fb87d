export { is_encrypted, listSchemes, pw_encrypt, pw_validate } from './auth-encoding.ts';
export { type ClassFacts, factsOf, type NameFacts } from './class-facts.ts';
export { Permissions } from './permissions.ts';
export { declaredRoles, objectRoles, requiredRoles, ZopeSecurityPolicy } from './policy.ts';
export { permissionAttribute, type Roles, rolesForPermissionOn } from './roles.ts';
export {
  type Executable,
  getSecurityManager,
  SecurityManager,
  withSecurityManager,
  withSecurityManagerAsync,
} from './security-manager.ts';
export { nobody, SpecialUser, system, UnrestrictedUser } from './special-users.ts';
export { type ClientAddress, StoredUser, type User } from './user.ts';
export {
  basicCredentials,
  type Credentials,
  EmergencyUserCannotOwn,
  InvalidCredentials,
  isEmergencyUser,
  type PublishedAccess,
  setEmergencyUser,
  UserFolder,
  userFolderOf,
} from './user-folder.ts';
