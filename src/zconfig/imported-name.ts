/** Dotted names of Python's classes and functions that directives may give. */
import { ValueRefused } from './errors.ts';

/** A class or function by its dotted name. */
export class ImportedName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Packages of which configurations name classes. No code of them is run: their names are what files say. */
const PACKAGES = new Set(
  (
    'AccessControl Acquisition App BTrees DateTime DocumentTemplate OFS Persistence Products RestrictedPython ' +
    'Shared Testing ZEO ZODB ZPublisher Zope2 logging persistent relstorage tempstorage transaction zc zodbpickle zope'
  ).split(' '),
);

/** A name in a package that is known; what another package has cannot be had. Throws a ValueRefused. */
export function importable(text: string): ImportedName {
  if (text === '') throw new ValueRefused('Empty module name');
  const known = /^(\w+)(?:\.\w+)*$/.exec(text);
  if (known === null || !PACKAGES.has(known[1]!)) {
    throw new ValueRefused(
      `The object named by '${text}' could not be imported: classes of Python packages are known here only by the names that databases use`,
    );
  }
  return new ImportedName(text);
}
