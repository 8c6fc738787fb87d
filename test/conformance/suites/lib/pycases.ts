/** What the suites of expressions and scripts share: comparing answers. */
import { type Case, expectSame, Mismatch } from '../../suite.ts';
import { errorOf, toTagged, type ValueContext } from './pyvalues.ts';

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
