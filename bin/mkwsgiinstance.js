#!/usr/bin/env node
import { main } from '../dist/zope/cli/main.js';

await main('mkwsgiinstance', process.argv.slice(2));
