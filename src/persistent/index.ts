export { Acquired, Acquiring, ComputedAttribute } from './acquiring.ts';
export {
  type AcquireOptions,
  aqAcquire,
  aqBase,
  aqChain,
  aqExplicit,
  aqInContextOf,
  aqInner,
  aqParent,
  aqSelf,
  getOwn,
  hereOf,
  isWrapper,
  objectAt,
  ownAt,
  parentPlace,
  type Place,
  placeAround,
  placeOf,
  wasAcquired,
  wrap,
} from './acquisition.ts';
export {
  type Acquires,
  type Class,
  ClassInfo,
  type ClassOptions,
  classNameOf,
  findClass,
  infoNamed,
  infoOf,
  registerClass,
  registeredNames,
} from './class-info.ts';
export { moment, tick } from './clock.ts';
export { claimContainers, releaseContainers } from './containers/commit.ts';
export { untracked } from './containers/in-place.ts';
export {
  AcquisitionError,
  ClassRegistrationError,
  ContainerError,
  PersistenceError,
  PersistentUseError,
} from './errors.ts';
export { classOf, isPersistent, metaOf } from './inspect.ts';
export { PersistentList } from './list.ts';
export { PersistentMapping } from './mapping.ts';
export { CHANGED, GHOST, type Jar, Meta as PersistentMeta, STICKY, timeOfTid, UPTODATE } from './meta.ts';
export { newPersistent, Persistent, type PersistentAttributes } from './persistent.ts';
export { newGhost, PersistentBase } from './persistent-base.ts';
export { type Oid, Reference, Slot } from './slot.ts';
