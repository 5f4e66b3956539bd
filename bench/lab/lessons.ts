// The lessons, in the order in which npm run bench -- lab gives them.

import type { Lesson } from "./contest.ts";
import { gemmLoads } from "./gemm_loads.ts";
import { im2col } from "./im2col.ts";
import { modulatePixels } from "./modulate_pixels.ts";
import { scatterCas } from "./scatter_cas.ts";
import { winogradF4 } from "./winograd_f4.ts";

export const LESSONS: readonly Lesson[] = [gemmLoads, modulatePixels, im2col, winogradF4, scatterCas];
