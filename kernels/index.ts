// The op table. Its type requires a backward of every op: an op without one does not compile.

import type { Op } from "../src/runtime/index.ts";
import * as all from "./ops.ts";

export * from "./ops.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- ops differ in their arguments
export const ops = { ...all } satisfies Record<string, Op<never, never> | Op<any, any>>;
