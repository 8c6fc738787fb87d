// Module hook: strips the types of .ts files; positions stay, so no source map is needed. What was stripped once is kept
// under node_modules/.cache by its content, for tests start many processes and threads from the sources.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

const cache = new URL('../node_modules/.cache/strip-types/', import.meta.url);
let amaro;

async function strip(source) {
  amaro ??= (await import('amaro')).default;
  return amaro.transformSync(source, { mode: 'strip-only' }).code;
}

function keep(file, code) {
  try {
    mkdirSync(cache, { recursive: true });
    const unfinished = new URL(`${file.href}.${process.pid}-${threadId}`);
    writeFileSync(unfinished, code);
    renameSync(unfinished, file);
  } catch {
    // A folder that cannot be written costs time, nothing else.
  }
}

async function stripped(source) {
  const file = new URL(createHash('sha256').update(source).digest('base64url'), cache);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const code = await strip(source);
    keep(file, code);
    return code;
  }
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  return {
    format: 'module',
    shortCircuit: true,
    source: await stripped(readFileSync(fileURLToPath(url), 'utf8')),
  };
}
