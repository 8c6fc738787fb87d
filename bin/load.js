'use strict';
// Loads the code that scripts/build.js has made: each module once in a thread, whether a command, a thread or somebody's `import` asks for it.
//
// Reading and compiling two megabytes takes longer than all else that a start does. The build therefore keeps what the engine has
// compiled in a warm run (`dist/code/*.cache`, format below), and here the engine gets it back. It is used by the very Node that made it
// only; where it is missing, does not fit or is refused by the engine (other flags), the modules are loaded by Node's own `require`.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { isMainThread } = require('node:worker_threads');

const CODE = path.join(__dirname, '../dist/code');
/** A file that was changed so long after the cache was made was not made with it; copying or unpacking takes less. */
const SLACK_MS = 60_000;
/** The head of a cache is its own length in so many letters, then JSON. */
const HEAD_DIGITS = 8;

/** What made a cache. */
const ENGINE = [process.version, process.versions.v8, process.platform, process.arch].join(' ');

/** The one that was made in such a thread, then the other one: the flags of the process may have changed since it began. */
const CACHES = ['main.cache', 'threads.cache'];
if (!isMainThread) CACHES.reverse();

/** A script that each cache has a part of: whether the engine takes that tells whether it takes the others. One that it knows it always takes. */
const probeOf = (name) => `(function () { return "${name}"; })`;

const modules = new Map();
/** The scripts of this thread by file name, for making a cache. */
const scripts = new Map();
/** The caches in use, first the one that the engine takes now; undefined before the first is loaded, null if the code is loaded without. */
let caches;

/** Its head tells what made it and where each module's part lies: `{ engine, size, parts: { file: [offset, length] } }`. */
class CodeCache {
  #name;
  #fd;
  #made;
  #parts;

  /** Undefined if there is none that fits. */
  static open(name) {
    const file = path.join(CODE, name);
    let fd;
    try {
      fd = fs.openSync(file, 'r');
      const head = JSON.parse(
        read(fd, HEAD_DIGITS, Number(read(fd, 0, HEAD_DIGITS).latin1Slice())).latin1Slice(),
      );
      const { size, mtimeMs } = fs.fstatSync(fd);
      if (head.engine === ENGINE && head.size === size) return new CodeCache(name, fd, mtimeMs, head.parts);
      fs.closeSync(fd);
    } catch {
      // There is none; all works without.
      if (fd !== undefined) fs.closeSync(fd);
    }
    return undefined;
  }

  constructor(name, fd, made, parts) {
    this.#name = name;
    this.#fd = fd;
    this.#made = made;
    this.#parts = parts;
  }

  isTaken() {
    const probe = probeOf(this.#name);
    const cachedData = this.partOf(probe, 0);
    return cachedData === undefined || !new vm.Script(probe, { cachedData }).cachedDataRejected;
  }

  close() {
    fs.closeSync(this.#fd);
  }

  partOf(name, changed) {
    const part = this.#parts[name];
    return part === undefined || changed > this.#made + SLACK_MS ? undefined : read(this.#fd, ...part);
  }
}

function read(fd, offset, length) {
  const bytes = Buffer.allocUnsafeSlow(length);
  if (fs.readSync(fd, bytes, 0, length, offset) !== length) throw new Error('the file is cut off');
  return bytes;
}

/**
 * The exports of what the build has made of a source, such as `zodb/index`.
 *
 * @param missed Called before anything is loaded without the cache.
 */
function load(name, missed) {
  const file = `${name.replaceAll('/', '.')}.cjs`;
  if (caches === undefined) {
    caches = startCaches();
    if (caches === null) missed?.();
  }
  return caches === null ? require(path.join(CODE, file)) : exportsOf(file);
}

/** Null if there is none to use: none that fits, or none that the engine takes. */
function startCaches() {
  // Only what Node itself loads is seen by --enable-source-maps.
  if (process.sourceMapsEnabled) return null;
  const opened = CACHES.map((name) => CodeCache.open(name)).filter((found) => found !== undefined);
  while (opened.length > 0 && !opened[0].isTaken()) opened.shift().close();
  return opened.length > 0 ? opened : null;
}

function compile(name) {
  const filename = path.join(CODE, name);
  const { source, changed } = readSource(filename);
  const cachedData = caches[0].partOf(name, changed);
  const script = new vm.Script(`(function (exports, require, module, __filename) {${source}\n})`, {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  // Flags were changed meanwhile, as the main thread does for threads.
  if (script.cachedDataRejected) caches.reverse();
  return script;
}

function readSource(file) {
  const fd = fs.openSync(file, 'r');
  try {
    const { size, mtimeMs } = fs.fstatSync(fd);
    // The build leaves no letter outside of ASCII.
    return { source: read(fd, 0, size).latin1Slice(), changed: mtimeMs };
  } finally {
    fs.closeSync(fd);
  }
}

function exportsOf(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  let script = scripts.get(name);
  if (script === undefined) scripts.set(name, (script = compile(name)));
  // All lie in one folder; packages are found from here as from there.
  const requireFrom = (id) => {
    if (id.startsWith('./')) return exportsOf(id.slice(2));
    return require(id.startsWith('.') ? path.join(CODE, id) : id);
  };
  try {
    script.runInThisContext()(module.exports, requireFrom, module, path.join(CODE, name));
  } catch (error) {
    modules.delete(name);
    throw error;
  }
  return module.exports;
}

module.exports = {
  load,
  importModule: (specifier) => import(specifier),
  CODE,
  CACHES,
  probeOf,
  ENGINE,
  HEAD_DIGITS,
  scripts,
};
