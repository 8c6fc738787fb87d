/** Finds the frames of scripts in a stack of V8. Generated code keeps the line numbers of its source. */
import type { Frame } from './errors.ts';

interface Unit {
  readonly filename: string;
  /** Source line minus generated line. */
  readonly offset: number;
  readonly name: string;
}

/** Compiled code by the file name that V8 was told; entries of dropped code go away with it. */
const units = new Map<string, WeakRef<Unit>>();
const cleanup = new FinalizationRegistry<string>((file) => {
  units.delete(file);
});
let next = 1;

/** Registers compiled code. Keep the token as long as the code; `file` is what V8 is told. */
export function registerUnit(
  filename: string,
  name: string,
  offset: number,
): { readonly file: string; readonly token: object } {
  const file = `zope-script-${next++}`;
  const unit: Unit = { filename, offset, name };
  units.set(file, new WeakRef(unit));
  cleanup.register(unit, file);
  return { file, token: unit };
}

const FRAME = /at (?:(?:\S+\.)?(\S+?)(?: \[as \w+\])? \()?(zope-script-\d+):(\d+):\d+\)?$/;

export function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const unit = units.get(match[2]!)?.deref();
    if (unit === undefined) continue;
    const own = /^f_(.*)\$\d+$/.exec(match[1] ?? '');
    const name =
      own === null ? unit.name : own[1]!.replace(/^_lambda_$/, '<lambda>').replace(/^expression$/, unit.name);
    frames.push({ filename: unit.filename, line: Number(match[3]) + unit.offset, function: name });
  }
  return frames.reverse();
}
