/** The thread of a `SignalWatch`. */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { workerData } from 'node:worker_threads';
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

/** Node would say that it waits for a debugger, which is this thread; it says so after all that runs at the end. */
const SILENT = `globalThis.process.on('exit', () => globalThis.process.getBuiltinModule('fs').closeSync(2))`;

const { heard, graceMs, sameSignalMs } = workerData as SignalWatchData;
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

interface Frame {
  readonly callFrameId: string;
  readonly functionName: string;
  readonly url: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

/** Ends the process from within the code that does not return, so that what ends with the process is told; in hard cases from outside. */
function end(signal: number): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS);
  const session = new Session();
  const urls = new Map<string, string>();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
  session.on('Debugger.paused', ({ params }) => {
    const frames = params.callFrames as unknown as readonly Frame[];
    const lines = frames.slice(0, MOST_FRAMES).map(({ functionName, location }) => {
      const place = `${urls.get(location.scriptId) ?? ''}:${location.lineNumber + 1}:${location.columnNumber + 1}`;
      return `    at ${functionName === '' ? place : `${functionName} (${place})`}\n`;
    });
    writeSync(2, `runwsgi: ended in code that did not return:\n${lines.join('')}`);
    session.post('Debugger.evaluateOnCallFrame', {
      callFrameId: frames[0]!.callFrameId,
      expression: `${SILENT}; globalThis.process.exit(${128 + signal})`,
    });
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}
