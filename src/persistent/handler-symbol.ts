/**
 * Every proxy of this room answers this symbol with its handler. It is never handed out, and an object that merely
 * inherits from a proxy gets no answer.
 */
export const HANDLER: unique symbol = Symbol('zope-ts.persistent.handler');

/** Classes whose instances are records of their own have this. */
export const PERSISTENT: unique symbol = Symbol('zope-ts.persistent.class');
