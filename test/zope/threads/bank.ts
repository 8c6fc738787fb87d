/** The code of the site that the tests of threads serve: accounts, and ways to hurt a thread. */
import { declareClass, Item, registerClass } from 'zope-ts';

const COUNT = 20;

export class Account extends Item {
  balance = 100;
  moves = 0;
}
registerClass(Account, 'tests.Account', { acquires: 'implicit' });

export class Bank extends Item {
  value = 0;
  declare accounts: Account[];

  constructor() {
    super();
    this.id = 'bank';
    this.accounts = Array.from({ length: COUNT }, () => new Account());
  }

  read(): string {
    return String(this.value);
  }

  write(value: string): string {
    this.value = Number(value);
    return value;
  }

  transfer(from: string, to: string, amount: string): string {
    const { accounts } = this;
    const target = accounts[Number(to)]!;
    accounts[Number(from)]!.balance -= Number(amount);
    target.balance += Number(amount);
    target.moves++;
    return 'done';
  }

  total(): string {
    const sum = (name: 'balance' | 'moves') =>
      this.accounts.reduce((total, account) => total + account[name], 0);
    return JSON.stringify({ balance: sum('balance'), moves: sum('moves') });
  }

  /** The hour of a moment that is midnight in Greenwich. */
  hour(): string {
    return String(new Date(0).getHours());
  }

  /** What comes of making code of a text. */
  evaluate(): string {
    try {
      return String(new Function('return 1')());
    } catch (error) {
      return (error as Error).name;
    }
  }

  fail(): never {
    throw new Error('this bank has failed');
  }

  exit(): never {
    process.exit(7);
  }

  loop(): string {
    // A loop with nothing in it has no place where a debugger could stop.
    for (let i = 0; ; i++) if (i < 0) return '';
  }
}
registerClass(Bank, 'tests.Bank', { acquires: 'implicit' });
const published = ['evaluate', 'hour', 'read', 'write', 'transfer', 'total', 'fail', 'exit', 'loop'];
declareClass(Bank, {
  published,
  names: Object.fromEntries(published.map((name) => [name, { permission: 'View' }])),
  signatures: { write: 'value', transfer: 'from, to, amount' },
});
