#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Before it ends, Node waits for the compilers that work beside the program, and they may wait for a garbage collection, which nobody does any
// more: one run in a hundred never ended (Node 20.20). Compiling in between costs no measurable time here.
setFlagsFromString('--no-concurrent-recompilation')
await import('../dist/main.js')
