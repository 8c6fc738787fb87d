#!/usr/bin/env node
import { main } from '../dist/zope/cli/main.js';

await main(undefined, process.argv.slice(2));
