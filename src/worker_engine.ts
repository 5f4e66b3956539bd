// The script of spade-webgpu/worker's worker.

import { serve } from "./web/worker/engine.ts";

serve(globalThis as unknown as Parameters<typeof serve>[0]);
