/** What the suites of expressions and scripts share: comparing answers, and a context where a case needs no site. */
import { type Case, expectSame, Mismatch } from '../../suite.ts';
import {
  declareClass,
  registerModule,
  registerType,
  setSecurityPolicy,
} from '../../../../src/restricted/index.ts';
import { ZopeSecurityPolicy } from '../../../../src/access/index.ts';
import { errorOf, toTagged, type ValueContext } from './pyvalues.ts';

/** Stands for the root of a site where a case only needs something that is guarded. */
class Application {
  title = 'Zope';
  manage_addFolder(): never {
    throw new Error('called');
  }
}
declareClass(Application, {
  object: 'public',
  default: 'allow',
  names: { title: 'public', manage_addFolder: { permission: 'Add Folders' } },
});
registerType(Application, { pyName: 'Application' });

export const application = new Application();

let before: ReturnType<typeof setSecurityPolicy> | undefined;

export function installPolicy(): void {
  before = setSecurityPolicy(new ZopeSecurityPolicy());
  registerModule('AccessControl', { getSecurityManager: () => null });
}

export function removePolicy(): void {
  if (before !== undefined) setSecurityPolicy(before);
}

/** Compares what `run` gives or throws with what the case expects. */
export function check(testCase: Case, run: () => unknown, context: ValueContext = {}): void {
  const { expect } = testCase;
  let answer: unknown;
  try {
    answer = toTagged(run(), context);
  } catch (error) {
    const actual = errorOf(error);
    if (expect.error === undefined)
      throw new Mismatch('an error', expect, {
        error: actual,
        stack: (error as Error).stack?.split('\n').slice(0, 6),
      });
    if (actual.type !== expect.error.type || !matches(actual.message, expect.error.message_contains))
      throw new Mismatch('another error', expect.error, {
        ...actual,
        stack: (error as Error).stack?.split('\n').slice(0, 6),
      });
    return;
  }
  if (expect.error !== undefined) throw new Mismatch('no error', expect, answer);
  expectSame('another value', answer, expect.output);
}

export function matches(message: string, part: string | undefined): boolean {
  return part === undefined || message.includes(part);
}
