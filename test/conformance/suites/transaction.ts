import { type Case, expectSame, type Suite } from '../suite.ts';
import { runTransactionSteps, type StepResult } from './lib/transaction-steps.ts';
import { runZodbSteps } from './lib/zodb-steps.ts';

/** Messages are there to read; types, results and logs are compared. */
const comparable = (results: readonly StepResult[]) =>
  results.map((result) => Object.fromEntries(Object.entries(result).filter(([name]) => name !== 'message')));

const suite: Suite = {
  async run({ input, expect }: Case) {
    const run = input.kind === 'zodb' ? runZodbSteps : runTransactionSteps;
    expectSame('the results', await run(input.steps), comparable(expect.results));
  },
};

export default suite;
