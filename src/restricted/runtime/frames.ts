/** Finds the frames of scripts in a stack of V8. Generated code keeps the line numbers of its source. */
import type { Frame } from './errors.ts';

const BLANK = '\u00A0';
const MOST_LETTERS = 200;

/**
 * What V8 is told as the file of generated code: `zope-KIND-NUMBER`, then `+LINES` where the source begins so many lines further down than
 * the code, or `-` where the code has no lines of the source, then what the object is and where, all of whose blanks, and the one before
 * it, are of the kind that does not break. So a stack of V8, also one that the debugger of another thread takes, names the object, and its
 * lines can still be taken apart at their ordinary blanks.
 *
 * @param offset undefined: there are no lines.
 */
export function generatedFileName(
  kind: string,
  number: number,
  offset: number | undefined,
  what: string,
): string {
  const lines = offset === undefined ? '-' : offset === 0 ? '' : `+${offset}`;
  return `zope-${kind}-${number}${lines}${BLANK}${what.slice(0, MOST_LETTERS).replaceAll(/[\s\p{C}]/gu, BLANK)}`;
}

interface Unit {
  readonly filename: string;
  /** Source line minus generated line. */
  readonly offset: number;
  readonly name: string;
}

/** Compiled code by its number in the file name that V8 was told; entries of dropped code go away with it. */
const units = new Map<number, WeakRef<Unit>>();
const cleanup = new FinalizationRegistry<number>((number) => {
  units.delete(number);
});
let next = 1;

/** Registers compiled code. Keep the token as long as the code; `file` is what V8 is told. */
export function registerUnit(
  filename: string,
  name: string,
  offset: number,
): { readonly file: string; readonly token: object } {
  const number = next++;
  const unit: Unit = { filename, offset, name };
  units.set(number, new WeakRef(unit));
  cleanup.register(unit, number);
  // `Script (Python):/folder/script`
  const what = filename.replace(/^([A-Z][\w ()]*):(?=\/)/, '$1 at ');
  return { file: generatedFileName('script', number, offset, what), token: unit };
}

/** The line in a unit's code at which a stack has it first, as V8 tells it of code that it does not compile. */
export function lineOfUnit(stack: string, file: string): number {
  const at = stack.indexOf(`${file}:`);
  return at < 0 ? 1 : Number.parseInt(stack.slice(at + file.length + 1), 10) || 1;
}

const FRAME = /at (?:(?:\S+\.)?(\S+?)(?: \[as \w+\])? \()?zope-script-(\d+)(?:\+\d+)?\u00A0.*:(\d+):\d+\)?$/;

export function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const unit = units.get(Number(match[2]))?.deref();
    if (unit === undefined) continue;
    const own = /^f_(.*)\$\d+$/.exec(match[1] ?? '');
    const name =
      own === null ? unit.name : own[1]!.replace(/^_lambda_$/, '<lambda>').replace(/^expression$/, unit.name);
    frames.push({ filename: unit.filename, line: Number(match[3]) + unit.offset, function: name });
  }
  return frames.reverse();
}
