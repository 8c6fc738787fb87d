// What scripts/build.js makes of rolldown's chunks, so that bin/load.js loads them: CommonJS, because on Node 20 only scripts can be given to
// the engine as they were compiled before, and no letter outside of ASCII.

import vm from 'node:vm';

const NAMES = /([\w$]+) as ([\w$]+)/g;
/** What modules have, and CommonJS has in another way. */
const OF_MODULES = {
  moduleUrl$: 'process.getBuiltinModule("node:url").pathToFileURL(__filename).href',
  import$: 'require("../../bin/load.js").importModule',
};

/**
 * A chunk as CommonJS; no line changes its number. Imported names are taken once, when the other chunk has run, and not looked up at each
 * use, which is how CommonJS is usually made: so chunks must not need each other in a circle (`checkCircles`), and what is exported must
 * not get another value later.
 */
function asCommonJs(code, { fileName }) {
  const made = code
    .replaceAll(/^import (?:([\w$]+)(?:, )?)?(?:\* as ([\w$]+)|\{([^}]*)\})? from "([^"]+)";$/gm, importing)
    .replaceAll(/^import "([^"]+)";$/gm, (_, id) => (id.startsWith('node:') ? '' : `require("${id}");`))
    .replaceAll(/^export \{([^}]*)\} from "([^"]+)";$/gm, reexporting)
    .replaceAll(/^export \{([^}]*)\};$/gm, exporting)
    .replaceAll(/\bimport\("(\.[^"]+)"\)/g, 'Promise.resolve().then(() => require("$1"))')
    // In scripts that are not modules it is experimental.
    .replaceAll(/(?<![\w$.#])import\(/g, 'import$(')
    .replaceAll('import.meta.url', 'moduleUrl$');
  const needed = Object.entries(OF_MODULES).filter(([name]) => made.includes(name));
  const whole = `"use strict";${needed.map(([name, value]) => ` const ${name} = ${value};`).join('')} ${made}`;
  // An `import` or `export` that was not understood is a syntax error here.
  // oxlint-disable-next-line no-new -- it throws
  new vm.Script(`(function () {${whole}\n})`, { filename: fileName });
  return whole;
}

/**
 * Node's own modules are asked for by a call: an `import` of them makes Node read every property that they export, and those of
 * `node:http` load all that `fetch` is made of (16 ms).
 */
function importing(_, byDefault, all, names, id) {
  const called = id.startsWith('node:') ? `process.getBuiltinModule("${id}")` : `require("${id}")`;
  return [byDefault, all, names && `{${names.replaceAll(NAMES, '$1: $2')}}`]
    .filter((part) => part !== undefined)
    .map((part) => `const ${part} = ${called};`)
    .join(' ');
}

const exporting = (_, names) => `Object.assign(module.exports, {${names.replaceAll(NAMES, '$2: $1')}});`;

function reexporting(_, names, id) {
  const pairs = names.split(',').map((name) => name.trim().split(' as '));
  return `Object.assign(module.exports, (({${pairs.map(([from]) => from)}}) => ({${pairs.map(
    ([from, to = from]) => `${to}: ${from}`,
  )}}))(require("${id}")));`;
}

/** A source with one letter outside of Latin-1 takes two bytes for each, and longer to read. */
function inAscii(code) {
  if (/(?<!\\)(?:\\\\)*\\[^\u0000-\u007f]/.test(code) || /\braw`[^`]*[^\u0000-\u007f]/.test(code))
    throw new Error('a letter outside of ASCII that cannot be written as an escape');
  return code.replaceAll(
    /[^\u0000-\u007f]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A rolldown plugin. */
export const loadable = {
  name: 'loadable',
  renderChunk: (code, chunk) => ({ code: asCommonJs(code, chunk), map: null }),
  // After this rolldown writes the code once more, as for `comments: false`, and texts with the letters themselves.
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = inAscii(file.code);
  },
};

/** Throws if chunks need each other to run. */
export function checkCircles(chunks) {
  const needs = new Map(chunks.map(({ fileName, imports }) => [fileName, imports]));
  const done = new Set();
  const visit = (name, way) => {
    if (way.includes(name)) throw new Error(`chunks that need each other: ${[...way, name].join(' > ')}`);
    if (done.has(name)) return;
    for (const needed of needs.get(name) ?? []) visit(needed, [...way, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
}

const loaderFrom = (file) => `${'../'.repeat(file.split('/').length)}bin/load.js`;

/** What other packages `import`: the names of an entry such as `zodb/index`, from the copy that commands and threads have. */
export const moduleFor = (name, names) =>
  `import { load } from "${loaderFrom(name)}";\nexport const { ${names.join(', ')} } = load("${name}");\n`;

/** What a thread or process starts with. */
export const programFor = (name) => `module.exports = require("${loaderFrom(name)}").load("${name}");\n`;
