import { describedClass } from '../serialize-class.ts';
import { readClass, readState } from '../serialize-pickle.ts';
import { parseReference } from '../serialize-references.ts';

export interface RecordReference {
  readonly oid: bigint;
  /** The class that the reference names, where it does. */
  readonly className: string | undefined;
  readonly database: string | null;
  readonly weak: boolean;
}

/** Every reference in a record, in order. Throws for a record that cannot be read. */
export function referencesIn(data: Uint8Array): RecordReference[] {
  const references: RecordReference[] = [];
  readClass(data);
  readState(
    data,
    (pid) => {
      const { oid, description, database, weak } = parseReference(pid);
      let className: string | undefined;
      if (description !== undefined) {
        const { info } = describedClass(description);
        className = `${info.module}.${info.name}`;
      }
      references.push({ oid: BigInt(oid), className, database, weak });
      return null;
    },
    false,
  );
  return references;
}
