/**
 * Requests that the main thread answers itself. Where it is while it answers one for long, only another thread can tell (`SignalWatch`),
 * which sees the pulse of this one stop.
 */
import { getLogger, type Logger } from '@logtape/logtape';
import { type Application, frameLine, type StackFrame } from '../../paste/index.ts';

/** A function by which a debugger learns what is being answered is under this key (`Symbol.for`). */
const RUNNING = Symbol.for('zope-ts running requests');
const BEAT_MS = 100;

/** What the other thread tells. */
export interface Stuck {
  readonly seconds: number;
  /** What `RUNNING` said. */
  readonly running: string;
  /** Undefined when it runs no code. */
  readonly frames: readonly StackFrame[] | undefined;
}

interface Waiting {
  readonly name: string;
  readonly since: number;
  told: boolean;
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

export class OwnRequests {
  /** One word, which changes as long as the thread comes to its events. */
  readonly pulse = new SharedArrayBuffer(4);
  readonly slowMs: number;
  readonly #logger: Logger;
  #current: Request | undefined;
  readonly #waiting = new Set<Waiting>();
  readonly #timer: NodeJS.Timeout;

  /** @param name Dotted name of the server's logger; slow requests go to its child `slow`. */
  constructor(slowSeconds: number, name: string) {
    this.slowMs = slowSeconds * 1000;
    this.#logger = getLogger([...name.split('.'), 'slow']);
    Object.defineProperty(globalThis, RUNNING, { value: () => this.#running(), configurable: true });
    const beats = new Int32Array(this.pulse);
    this.#timer = setInterval(() => {
      Atomics.add(beats, 0, 1);
      this.#tellWaiting();
    }, BEAT_MS).unref();
  }

  /** An application whose requests are watched. */
  watched(app: Application): Application {
    return (request) => {
      this.#current = request;
      let result: Response | Promise<Response>;
      try {
        result = app(request);
      } finally {
        this.#current = undefined;
      }
      if (result instanceof Promise) this.#wait(request, result);
      return result;
    };
  }

  #wait(request: Request, result: Promise<Response>): void {
    const waiting = { name: nameOf(request), since: performance.now(), told: false };
    this.#waiting.add(waiting);
    const done = () => void this.#waiting.delete(waiting);
    result.then(done, done);
  }

  #running(): string {
    if (this.#current !== undefined) return ` on ${nameOf(this.#current)}`;
    const names = Array.from(this.#waiting, ({ name }) => name);
    return names.length === 0 ? '' : ` and has ${names.join(', ')}`;
  }

  #tellWaiting(): void {
    const now = performance.now();
    for (const waiting of this.#waiting) {
      // Those that began later stand behind it.
      if (now - waiting.since < this.slowMs) return;
      if (waiting.told) continue;
      waiting.told = true;
      this.#logger.warn(
        `The main thread has been waiting for ${seconds(now - waiting.since)} for what ${waiting.name} needs`,
      );
    }
  }

  /** The thread did not come to its events for long. */
  readonly tell = ({ seconds: age, running, frames }: Stuck): void => {
    const where =
      frames?.map((frame) => `\n    ${frameLine(frame)}`).join('') ?? ' (it runs no code just now)';
    this.#logger.warn(`The main thread has been working for ${age.toFixed(1)} s${running}${where}`);
  };

  close(): void {
    clearInterval(this.#timer);
    delete (globalThis as { [RUNNING]?: unknown })[RUNNING];
  }
}

function nameOf(request: Request): string {
  const { environ } = request as { environ?: { readonly rawTarget: string } };
  return `${request.method} ${environ?.rawTarget ?? request.url}`;
}
