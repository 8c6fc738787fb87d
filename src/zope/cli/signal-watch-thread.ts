/** The thread of a `SignalWatch`. It loads nothing of the rest, so that it starts soon and needs little memory. */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import type { StackFrame } from '../../paste/index.ts';
import type { Stuck } from '../threads/own-requests.ts';
import type { SignalWatchData } from './signal-watch.ts';

/** What Node's own `process.on('SIGINT')` is made of; it works in every thread, where the event does not. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
}

const SIGNALS = [2, 15] as const;
/** For the main thread, which may hear the signal yet. */
const HEAR_MS = 300;
/** For closing what is open after the grace time. */
const CLOSE_MS = 5000;
/** Code that waits in the operating system is not stopped by a debugger. */
const STOP_MS = 1500;
const MOST_FRAMES = 8;
const MOST_TOLD = 50;

/** Node would say that it waits for a debugger, which is this thread; it says so after all that runs at the end. */
const SILENT = `globalThis.process.on('exit', () => globalThis.process.getBuiltinModule('fs').closeSync(2))`;

/** See `OwnRequests`. */
const RUNNING = 'zope-ts running requests';
/** How often the pulse is looked at. */
const LOOK_MS = 100;
/** When the look comes so late, the process was stopped or the machine stood still. */
const STANDSTILL_MS = 500;
/** What the main thread is told it logs when it comes to it; one that does not come in this time has it written to the console. */
const UNTOLD_MS = 3000;

const { heard, graceMs, sameSignalMs, pulse, slowMs } = workerData as SignalWatchData;
const heardByMain = new Int32Array(heard);
let received = 0;
let firstAt: number | undefined;
let ending = false;

// The binding has no other name yet.
process.noDeprecation = true;
const { Signal } = (
  process as unknown as { binding(name: string): { Signal: new () => SignalHandle } }
).binding('signal_wrap');
for (const signal of SIGNALS) {
  const handle = new Signal();
  handle.onsignal = () => came(signal);
  handle.start(signal);
}

function came(signal: number): void {
  received++;
  const now = Date.now();
  firstAt ??= now;
  // A main thread that hears the second one ends the process itself.
  if (now - firstAt > sameSignalMs) setTimeout(() => end(signal), HEAR_MS);
  else if (received === 1)
    setTimeout(() => {
      if (Atomics.load(heardByMain, 0) === 0) end(signal);
      else setTimeout(() => end(signal), CLOSE_MS);
    }, graceMs);
}

if (slowMs > 0) watchPulse(new Int32Array(pulse));

function watchPulse(beats: Int32Array): void {
  let seen = -1;
  let since = performance.now();
  let looked = since;
  let asked = false;
  let untold: Stuck | undefined;
  setInterval(() => {
    const now = performance.now();
    const late = now - looked - LOOK_MS;
    looked = now;
    if (late > STANDSTILL_MS) since += late;
    const beat = Atomics.load(beats, 0);
    if (beat !== seen) {
      seen = beat;
      since = now;
      asked = false;
      untold = undefined;
      return;
    }
    if (ending || now - since < slowMs) return;
    if (asked) {
      if (untold === undefined || now - since < slowMs + UNTOLD_MS) return;
      writeSync(
        2,
        `runwsgi: the main thread has not returned for ${Math.round((now - since) / 1000)} s${toldOf(untold)}`,
      );
      untold = undefined;
      return;
    }
    asked = true;
    askMain((frames, running) => {
      untold = { seconds: (performance.now() - since) / 1000, running, frames };
      parentPort!.postMessage(untold);
    });
  }, LOOK_MS);
}

const toldOf = ({ running, frames }: Stuck) => `${running}\n${linesOf(frames ?? [])}`;

/** Asks the main thread where it is, and what it answers. */
function askMain(told: (frames: readonly StackFrame[] | undefined, running: string) => void): void {
  const leave = pauseMain((frames, callFrameId, session) => {
    clearTimeout(timer);
    session.post(
      'Debugger.evaluateOnCallFrame',
      {
        callFrameId,
        expression: `globalThis[Symbol.for(${JSON.stringify(RUNNING)})]?.() ?? ''`,
        returnByValue: true,
        silent: true,
      },
      (_error, answer) => {
        const value: unknown = answer?.result.value;
        session.post('Debugger.resume', () => leave());
        told(frames, typeof value === 'string' ? value : '');
      },
    );
  });
  const timer = setTimeout(() => {
    leave();
    told(undefined, '');
  }, STOP_MS);
}

const linesOf = (frames: readonly StackFrame[]) =>
  frames
    .slice(0, MOST_FRAMES)
    .map(({ name, file, line, column }) => {
      const place = `${file}:${line}:${column}`;
      return `    at ${name === '' ? place : `${name} (${place})`}\n`;
    })
    .join('');

/** Stops the main thread where it runs code; what comes back lets it go. */
function pauseMain(
  paused: (frames: readonly StackFrame[], callFrameId: string, session: Session) => void,
): () => void {
  const session = new Session();
  const files = new Map<string, string>();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const frames = callFrames
      .slice(0, MOST_TOLD)
      .map(({ functionName, location: { scriptId, lineNumber, columnNumber } }) => ({
        name: functionName,
        file: files.get(scriptId) ?? '',
        line: lineNumber + 1,
        column: (columnNumber ?? 0) + 1,
      }));
    paused(frames, callFrames[0]!.callFrameId, session);
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  return () => session.disconnect();
}

/** Ends the process from within the code that does not return, so that what ends with the process is told; in hard cases from outside. */
function end(signal: number): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS);
  pauseMain((frames, callFrameId, session) => {
    writeSync(2, `runwsgi: ended in code that did not return:\n${linesOf(frames)}`);
    session.post('Debugger.evaluateOnCallFrame', {
      callFrameId,
      expression: `${SILENT}; globalThis.process.exit(${128 + signal})`,
    });
  });
}
