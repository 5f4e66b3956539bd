// The script of spade-webgpu/labeler-worker's worker.

import { serve } from "./web/worker/labeler_engine.ts";

serve(globalThis as unknown as Parameters<typeof serve>[0]);
