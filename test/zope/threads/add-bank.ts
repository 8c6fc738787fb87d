/** Puts a bank into a site: `zconsole run etc/zope.conf add-bank.ts`. */
import type { Application } from 'zope-ts';
import { Bank } from './bank.ts';

export default function addBank({
  app,
  transaction,
}: {
  app: Application;
  transaction: { commit(): void };
}): void {
  app._setObject('bank', new Bank());
  transaction.commit();
}
