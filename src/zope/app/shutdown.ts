/** What is to be closed when the process ends: databases, pid files. */

const closers: (() => void | Promise<void>)[] = [];

export function onShutdown(close: () => void | Promise<void>): void {
  closers.push(close);
}

/** Closes all, the newest first. One that fails does not keep the others from being closed; the first error is thrown. */
export async function shutDown(): Promise<void> {
  let failure: unknown;
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}
