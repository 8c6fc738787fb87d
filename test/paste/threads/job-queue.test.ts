import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JobQueue } from '../../../src/paste/threads/job-queue.ts';
import type { Job } from '../../../src/paste/threads/pool-thread.ts';

it('a queue of requests does what an array does', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('push' as const) },
    { weight: 1, arbitrary: fc.constantFrom('shift', 'unshift', 'remove', 'all' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const queue = new JobQueue();
      let model: Job[] = [];
      let id = 0;
      for (const each of steps) {
        const job = { id: ++id } as Job;
        if (each === 'push') {
          queue.push(job);
          model.push(job);
        } else if (each === 'unshift') {
          queue.unshift(job);
          model.unshift(job);
        } else if (each === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (each === 'remove') {
          const [chosen] = model.slice(model.length >> 1);
          if (chosen === undefined) continue;
          queue.remove(chosen);
          model = model.filter((other) => other !== chosen);
        } else {
          expect(queue.takeAll()).toEqual(model);
          model = [];
        }
        expect(queue.length).toBe(model.length);
      }
      expect(queue.takeAll()).toEqual(model);
    }),
  );
});
