'use strict';
const { enableCompileCache } = require('node:module');
const { load } = require('./load.js');

/** Runs a command; without a name the umbrella, whose first argument names it. */
module.exports = function start(name) {
  // Node's own cache is there in version 22 and later.
  const { main } = load('zope/cli/main', enableCompileCache);
  return main(name, process.argv.slice(2));
};
