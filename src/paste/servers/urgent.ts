/** Requests that are answered although all connections that a server takes are in use: whether it lives must not depend on its visitors. */
import type { Socket } from 'node:net';

/** So many of them at a time. */
export const MOST_URGENT = 16;
/** Of connections beyond those that may wait so many are looked at, the newest. */
export const MOST_BEYOND = 256;
/** How long one that there is no place to wait for has to say what it wants. */
export const URGENT_MS = 1000;

const METHODS = ['GET', 'HEAD'] as const;

/** Tells by the first bytes of a connection whether it asks for one of these paths. */
export class UrgentPaths {
  readonly #starts: readonly Buffer[];

  constructor(paths: readonly string[]) {
    this.#starts = paths
      .filter((path) => path !== '')
      .flatMap((path) => METHODS.map((method) => Buffer.from(`${method} ${path} `, 'latin1')));
  }

  get any(): boolean {
    return this.#starts.length > 0;
  }

  #are(bytes: Buffer): boolean {
    return this.#starts.some((start) => bytes.subarray(0, start.length).equals(start));
  }

  /** Calls back when the first bytes of a connection ask for one of the paths; it is left as it was. What comes back ends the waiting. */
  watch(socket: Socket, urgent: () => void): () => void {
    if (!this.any) return () => undefined;
    const look = () => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      stop();
      socket.unshift(bytes);
      if (this.#are(bytes)) urgent();
    };
    const stop = () => void socket.off('readable', look);
    socket.on('readable', look);
    return stop;
  }
}
