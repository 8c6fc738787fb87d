/** JavaScript errors as Python's tracebacks, so that a log file reads the same all the way down. */
import { fileURLToPath } from 'node:url';
import { generatedName, generatedPlace } from './generated-code.ts';

const CAUSE = '\nThe above exception was the direct cause of the following exception:\n\n';

/** `Traceback (most recent call last): …`, causes first; without a line feed at the end. */
export function formatException(error: unknown): string {
  const chain: unknown[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && !chain.includes(at); at = causeOf(at)) {
    chain.unshift(at);
  }
  return chain.map(formatOne).join(`\n${CAUSE}`);
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

function formatOne(error: unknown): string {
  if (!(error instanceof Error))
    return `Traceback (most recent call last):\nUncaught value: ${String(error)}`;
  const lines = ['Traceback (most recent call last):', ...framesOf(error), summary(error)];
  if (error instanceof AggregateError) {
    for (const [index, part] of error.errors.entries()) {
      lines.push(`  +-+---------------- ${index + 1} ----------------`);
      for (const line of formatException(part).split('\n')) lines.push(`    | ${line}`);
    }
  }
  return lines.join('\n');
}

function summary({ name, message }: Error): string {
  return message === '' ? name : `${name}: ${message}`;
}

/** The frames of a V8 stack, innermost last. */
function framesOf(error: Error): string[] {
  const frames: string[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const match = /^ +at (?:(.*?) \()?(?:(.+?):(\d+):\d+|(native|<anonymous>))\)?$/.exec(line);
    if (!match) continue;
    const [, name = '<module>', file, lineNumber] = match;
    if (file === undefined) continue;
    frames.unshift(pythonFrame(name.replace(/^async /, ''), file, Number(lineNumber)));
  }
  return frames;
}

function pythonFrame(name: string, file: string, line: number): string {
  const generated = generatedPlace(file, line);
  if (generated === undefined) return `  File "${filePath(file)}", line ${line}, in ${name}`;
  const where = generated.line === undefined ? '' : `, line ${generated.line}`;
  return `  File "${generated.file}"${where}, in ${generatedName(name)}`;
}

export function filePath(file: string): string {
  if (!file.startsWith('file:')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    return file;
  }
}
