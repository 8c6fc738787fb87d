/** The root of the errors of this room; `code` is stable. */
export class PersistenceError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A class cannot be registered, or is used without being registered. */
export class ClassRegistrationError extends PersistenceError {
  readonly className: string;

  constructor(className: string, message: string) {
    super('PERSISTENT_CLASS', message);
    this.className = className;
  }
}

/** A container (array, object, map …) is used in a way in which its changes could be lost. */
export class ContainerError extends PersistenceError {
  constructor(code: 'CONTAINER_STALE' | 'CONTAINER_SHARED' | 'CONTAINER_UNTRACKABLE', message: string) {
    super(code, message);
  }
}

/** An operation that persistent objects refuse (`Object.freeze`, another prototype, a `_p_` attribute of a wrong type). */
export class PersistentUseError extends PersistenceError {
  constructor(message: string) {
    super('PERSISTENT_USE', message);
  }
}

/** No object of an acquisition chain has the attribute. */
export class AcquisitionError extends PersistenceError {
  readonly attribute: string;

  constructor(attribute: string) {
    super('NOT_ACQUIRED', `no object of the acquisition chain has an attribute ${attribute}`);
    this.attribute = attribute;
  }
}
