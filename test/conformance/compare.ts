// One compared quantity: its error, its tolerance, its verdict.

import {
  ACTIVATION_DIGEST,
  ACTIVATION_MAX,
  DELTA_NORM,
  DIGEST_SLACK,
  GRADIENT_DIGEST,
  GRADIENT_NORM,
  LOSS_RELATIVE,
  STATE_NORM,
  TRAINED_STATE_NORM,
} from "../tolerances.ts";
import { digest, type Golden } from "./golden.ts";

export interface Verdict {
  readonly name: string;
  readonly quantity: string;
  readonly error: number;
  readonly tolerance: number;
  readonly verdict: "pass" | "FAIL" | "ill-posed" | "not run";
}

/**
 * A reference that its own stored inputs do not determine to the tolerance: rounding its numbers once more moves the result by `moved`.
 * Then no implementation can be held to the tolerance, the one that made the reference included. Still a failure if the error is
 * over that movement, times `slack` where it is a count of few events.
 */
export function illPosed(v: Verdict, moved: number, slack = 1): Verdict {
  if (v.verdict !== "FAIL" || moved * slack <= v.tolerance || v.error > moved * slack) return v;
  return { ...v, verdict: "ill-posed", quantity: `moves ${moved.toExponential(1)} by 1 ulp of state` };
}

const judged = (name: string, quantity: string, error: number, tolerance: number): Verdict => ({
  name,
  quantity,
  error,
  tolerance,
  verdict: error <= tolerance ? "pass" : "FAIL",
});

/** max |a - b| / max |b|; NaN counts as infinite. */
export function maxError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (Number.isNaN(d)) return Infinity;
    worst = Math.max(worst, d);
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return worst / (scale || 1);
}

/** ||a - b|| / ||b|| */
export function normError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let d = 0;
  let n = 0;
  for (let i = 0; i < b.length; i++) {
    d += (a[i] - b[i]) ** 2;
    n += b[i] ** 2;
  }
  const error = Math.sqrt(d) / (Math.sqrt(n) || 1);
  return Number.isNaN(error) ? Infinity : error;
}

/** Compares an image or activation with the case's tensor of that name, whole or by digest. Undefined if the case has neither. */
export async function compareActivation(
  golden: Golden,
  name: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<Verdict | undefined> {
  if (golden.has(name))
    return judged(name, "max |err| / max |ref|", maxError(values, await golden.f32(name)), ACTIVATION_MAX);
  return compareDigest(golden, name, values, shape, ACTIVATION_DIGEST);
}

async function compareDigest(
  golden: Golden,
  name: string,
  values: Float32Array,
  shape: readonly number[],
  tolerance: number,
): Promise<Verdict | undefined> {
  if (!golden.has(`${name}#digest`)) return undefined;
  const ref = await golden.f32(`${name}#digest`);
  const ours = digest(name, values, shape);
  let worst = 0;
  for (let i = 0; i < ref.length; i++)
    worst = Math.max(worst, Number.isNaN(ours[i]) ? Infinity : Math.abs(ours[i] - ref[i]) / (ref[0] || 1));
  return judged(name, "digest |err| / norm", worst, tolerance);
}

/** Compares a gradient (as published: OIHW, NCHW) with the case's tensor of that name, whole or by digest. Undefined if the case has neither. */
export async function compareGradient(
  golden: Golden,
  name: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<Verdict | undefined> {
  if (golden.has(name))
    return judged(name, "||err|| / ||ref||", normError(values, await golden.f32(name)), GRADIENT_NORM);
  return compareDigest(golden, name, values, shape, GRADIENT_DIGEST);
}

export async function compareLoss(golden: Golden, name: string, value: number): Promise<Verdict> {
  const [ref] = await golden.f32(name);
  const error = Math.abs(value - ref) / (Math.abs(ref) || 1);
  return judged(name, "|err| / |ref|", Number.isNaN(error) ? Infinity : error, LOSS_RELATIVE);
}

export async function compareState(golden: Golden, name: string, values: Float32Array): Promise<Verdict> {
  return judged(name, "||err|| / ||ref||", normError(values, await golden.f32(name)), STATE_NORM);
}

/** Buffers after training steps. */
export async function compareTrained(
  golden: Golden,
  name: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<Verdict | undefined> {
  if (golden.has(name))
    return judged(name, "||err|| / ||ref||", normError(values, await golden.f32(name)), TRAINED_STATE_NORM);
  return compareDigest(golden, name, values, shape, TRAINED_STATE_NORM);
}

/** Weights after training steps: the difference from the start, against the reference's. A digest is linear in its projections. */
export async function compareDelta(
  golden: Golden,
  name: string,
  values: Float32Array,
  start: Float32Array,
  shape: readonly number[],
): Promise<Verdict> {
  const moved = Math.sqrt(values.reduce((sum, v, i) => sum + (v - start[i]) ** 2, 0));
  if (golden.has(name)) {
    const ref = await golden.f32(name);
    return judged(
      name,
      "||d - d_ref|| / ||d_ref||",
      normError(
        values.map((v, i) => v - start[i]),
        ref.map((v, i) => v - start[i]),
      ),
      DELTA_NORM,
    );
  }
  const ref = await golden.f32(`${name}#digest`);
  const ours = digest(name, values, shape);
  let worst = 0;
  for (let i = 1; i < ref.length; i++)
    worst = Math.max(worst, Number.isNaN(ours[i]) ? Infinity : Math.abs(ours[i] - ref[i]) / (moved || 1));
  return judged(name, "digest |err| / ||d||", worst, DELTA_NORM * DIGEST_SLACK);
}

export const notRun = (name: string, why: string): Verdict => ({
  name,
  quantity: why,
  error: NaN,
  tolerance: NaN,
  verdict: "not run",
});
