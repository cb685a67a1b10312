#!/usr/bin/env node
// In one piece it starts in a fraction of the time. Only what compiles runs users' modules, which import waggle's: they have to get
// the same ones that the command uses.
await import(process.argv.includes('compile') ? '../dist/main.js' : '../bundle/main.js');
