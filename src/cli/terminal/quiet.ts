// node dist/quiet.js PROGRAM [ARGS ...]: runs a program of dist/ and removes Dawn's warnings from stderr (native_noise.ts).

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runFiltered } from "./native_noise.ts";

const [program, ...args] = process.argv.slice(2);
const code = await runFiltered(args, program);
if (code !== undefined) process.exit(code);
process.argv.splice(1, 1);
await import(pathToFileURL(resolve(program)).href);
