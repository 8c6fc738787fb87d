#!/usr/bin/env node
import { main } from '../dist/zope/cli/main.js';

await main('runzeo', process.argv.slice(2));
