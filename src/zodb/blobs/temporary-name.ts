import { randomUUID } from 'node:crypto';

/** A name of a file that no other thread, process or machine gives to one of its own, and that nobody can foresee. */
export const temporaryName = (prefix: string, suffix: string): string => `${prefix}${randomUUID()}${suffix}`;
