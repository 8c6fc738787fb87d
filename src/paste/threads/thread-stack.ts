/** Where another thread is: its stack, taken from outside, so that a thread in an endless loop can be asked as well. */
import { Session } from 'node:inspector';
import { generatedName, generatedPlace } from '../logging/generated-code.ts';

/** What the debugger's protocol says of a frame, as far as it is used. */
interface CallFrame {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

interface WorkerMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly callFrames?: readonly CallFrame[];
    readonly scriptId?: string;
    readonly url?: string;
  };
}

/** A thread that is in a call of the system does not stop for a debugger. */
const PATIENCE_MS = 2000;
const MOST_FRAMES = 50;

/**
 * The frames of a thread, the innermost first, in the form of a line of `Error.stack`. The thread stands still for some
 * milliseconds. Undefined when it does not answer, or has ended.
 *
 * @param threadId `worker.threadId`.
 */
export async function stackOfThread(threadId: number): Promise<string[] | undefined> {
  // The debugger counts threads in its own way; the title has the number that the program knows.
  const titleOfThread = new RegExp(String.raw`^\[?worker ${threadId}\b`, 'i');
  const session = new Session();
  session.connect();
  try {
    return await new Promise<string[] | undefined>((resolve, reject) => {
      const scripts = new Map<string, string>();
      const timer = setTimeout(() => resolve(undefined), PATIENCE_MS).unref();
      const tell = (sessionId: string, id: number, method: string) =>
        session.post('NodeWorker.sendMessageToWorker', {
          sessionId,
          message: JSON.stringify({ id, method }),
        });
      session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
        if (!titleOfThread.test(workerInfo.title)) return;
        tell(sessionId, 1, 'Debugger.enable');
        tell(sessionId, 2, 'Debugger.pause');
      });
      session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
        const { method, params } = JSON.parse(message) as WorkerMessage;
        if (method === 'Debugger.scriptParsed') scripts.set(params!.scriptId!, params!.url!);
        if (method !== 'Debugger.paused') return;
        tell(sessionId, 3, 'Debugger.resume');
        tell(sessionId, 4, 'Debugger.disable');
        clearTimeout(timer);
        resolve((params?.callFrames ?? []).slice(0, MOST_FRAMES).map((frame) => lineOf(frame, scripts)));
      });
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
        if (error !== null) reject(error);
      });
    });
  } finally {
    session.post('NodeWorker.disable');
    session.disconnect();
  }
}

function lineOf({ functionName, location }: CallFrame, scripts: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber } = location;
  const file = scripts.get(scriptId) ?? '';
  return frameLine({ name: functionName, file, line: lineNumber + 1, column: columnNumber + 1 });
}

/** A frame, as far as a debugger tells it; lines and columns count from 1. */
export interface StackFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** As in a line of `Error.stack`, but code of the site's own objects is named as they are. */
export function frameLine({ name, file, line, column }: StackFrame): string {
  const generated = generatedPlace(file, line);
  const where =
    generated === undefined
      ? `${file || '<anonymous>'}:${line}:${column}`
      : `${generated.file}${generated.line === undefined ? '' : `, line ${generated.line}`}`;
  const shown = generated === undefined ? name : generatedName(name);
  return shown === '' ? `at ${where}` : `at ${shown} (${where})`;
}
