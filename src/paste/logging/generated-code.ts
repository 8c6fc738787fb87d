/**
 * Code that is generated from what objects of a site hold has file names of a form of its own: see `generatedFileName` in
 * `restricted/runtime/frames.ts`, where they are made. Here they are made readable, in logs and in stacks of other threads.
 */
const BLANK = '\u00A0';
const GENERATED = /^zope-[a-z]+-\d+(-|\+\d+)?\u00A0(.*)$/;
/** What a printer of code makes of a name of the source. */
const PRINTED = /^(?:\S+\.)?f_(.+)\$\d+(?: \[as \w+\])?$/;

export interface GeneratedPlace {
  /** Such as `Script (Python) at /folder/script`. */
  readonly file: string;
  /** undefined: it is not known. */
  readonly line: number | undefined;
}

/** The place in the source of a place in such code; undefined for other files. */
export function generatedPlace(file: string, line: number): GeneratedPlace | undefined {
  const match = GENERATED.exec(file);
  if (match === null) return undefined;
  const [, lines, what] = match;
  return {
    file: what!.replaceAll(BLANK, ' '),
    line: lines === '-' ? undefined : line + Number(lines ?? 0),
  };
}

/** The name of a function of such code as its source has it. */
export const generatedName = (name: string): string =>
  (PRINTED.exec(name)?.[1] ?? name).replace(/^_lambda_$/, '<lambda>');
