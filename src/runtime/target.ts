// Everything a plan may depend on: the adapter's kind, features and limits. Plain data, so that tests can plan without a GPU.

import { SpadeError } from "./errors.ts";
import type { SizesAs } from "./wgsl.ts";

export interface Limits {
  maxStorageBufferBindingSize: number;
  maxBufferSize: number;
  maxComputeWorkgroupStorageSize: number;
  maxComputeInvocationsPerWorkgroup: number;
  maxComputeWorkgroupsPerDimension: number;
  maxStorageBuffersPerShaderStage: number;
}

export interface Target {
  /** The adapter runs on the CPU (lavapipe, SwiftShader, WARP); variants without barriers are faster there. */
  readonly software: boolean;
  readonly features: ReadonlySet<string>;
  /** Lanes per subgroup if the adapter has one fixed number, else undefined. */
  readonly subgroupSize?: number;
  readonly limits: Limits;
  /** Sizes as pipeline constants (one pipeline a shape), in uniforms (few pipelines), or as constants only where a kernel gains by them. */
  readonly sizesAs: SizesAs;
  /** Variant per "op shape" key, from a plan file; for keys that it lacks, the op's default rule decides. */
  readonly variants: Readonly<Record<string, string>>;
}

/** WebGPU's guaranteed minimum: limits that every adapter has. */
export const BASE_LIMITS: Limits = {
  maxStorageBufferBindingSize: 134217728,
  maxBufferSize: 268435456,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
};

/** A target without a GPU, for plan tests and dry runs. */
export function paperTarget(over: Partial<Target> = {}): Target {
  return { software: true, features: new Set(), limits: BASE_LIMITS, sizesAs: "override", variants: {}, ...over };
}

/** The error of what is too large for an adapter. @param where what needs it */
export const beyondLimit = (where: string, wanted: number, name: keyof Limits, limit: number): SpadeError =>
  new SpadeError(
    "limits",
    where,
    `is too large for this graphics card: ${wanted} where its ${name} is ${limit}`,
    "use a smaller picture or batch, f16 storage, or another graphics card",
  );
