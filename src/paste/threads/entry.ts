import { runThread } from './thread.ts';

runThread().catch((error: unknown) =>
  // Told to the pool as an error of the thread, whatever the application does with rejections.
  setImmediate(() => {
    throw error;
  }),
);
