'use strict';
const { enableCompileCache } = require('node:module');

/** Runs a command; without a name the umbrella, whose first argument names it. */
module.exports = function start(name) {
  // Of Node 22 and later.
  enableCompileCache?.();
  // Loaded by `require`: `import` reads each module in the thread pool, which takes longer.
  return require('../dist/zope/cli/main.js').main(name, process.argv.slice(2));
};
