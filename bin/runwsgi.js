#!/usr/bin/env node
import { main } from '../dist/zope/cli/main.js';

await main('runwsgi', process.argv.slice(2));
