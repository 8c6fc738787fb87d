import { Persistent, registerClass } from '../../../src/persistent/index.ts';

export class Account extends Persistent {
  balance = 100;
  /** Transfers to it. */
  moves = 0;
}
registerClass(Account, 'tests.Account');
