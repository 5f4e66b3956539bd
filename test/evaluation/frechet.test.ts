// Eigenvalues, shrinkage and the Frechet distance: closed forms, and scikit-learn's and scipy's values (make_frechet.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { frechetDistance, gaussian } from "../../src/evaluation/frechet.ts";
import { choleskyFactor, symmetricEigenvalues } from "../../src/evaluation/symmetric.ts";
import { noise } from "../support/device.ts";
import { FRECHET, f64Error } from "../tolerances.ts";

const reference = JSON.parse(
  readFileSync(new URL("../fixtures/evaluation/frechet.json", import.meta.url), "utf8"),
) as Record<"few" | "many", { features: number[][]; shrinkage: number; covariance: number[] }> & { distance: number };

const diagonal = (values: readonly number[]): Float64Array =>
  Float64Array.from({ length: values.length ** 2 }, (_, i) =>
    i % (values.length + 1) === 0 ? values[i / (values.length + 1)] : 0,
  );

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[Math.floor(at / n) * n + k] * b[k * n + (at % n)];
    return sum;
  });
}

const transposed = (a: Float64Array, n: number): Float64Array => a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]);

/** Q diag(values) Q^T, with Q the reflection along a vector of noise. */
function rotated(values: readonly number[], seed = 1): Float64Array {
  const n = values.length;
  const v = Float64Array.from(noise(n, seed));
  const square = v.reduce((sum, x) => sum + x * x, 0);
  const q = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return (i === j ? 1 : 0) - (2 * v[i] * v[j]) / square;
  });
  return product(product(q, diagonal(values), n), q, n);
}

describe("symmetric matrices", () => {
  test.each([[[3]], [[2, 5]], [[-4, 0, 0, 1e-9, 2, 2, 7]], [[1, 1, 1, 1, 1]], [[0, 0, 0]]])(
    "eigenvalues of a rotated diagonal %j are the diagonal",
    (values) => {
      const found = symmetricEigenvalues(rotated(values), values.length);
      values.forEach((v, i) => expect(Math.abs(found[i] - v)).toBeLessThan(f64Error(900)));
    },
  );

  test("eigenvalues of the second difference are 2 - 2 cos(k pi / (n + 1))", () => {
    const n = 50;
    const a = Float64Array.from({ length: n * n }, (_, at) => {
      const beside = Math.abs(Math.floor(at / n) - (at % n));
      return beside === 0 ? 2 : beside === 1 ? -1 : 0;
    });
    symmetricEigenvalues(a, n).forEach((v, i) =>
      expect(Math.abs(v - 2 + 2 * Math.cos(((i + 1) * Math.PI) / (n + 1)))).toBeLessThan(f64Error(90 * n)),
    );
  });

  test("a factor's square is the matrix, where it is singular too", () => {
    for (const values of [
      [1, 2, 3, 4],
      [0, 0, 3, 4],
    ]) {
      const a = rotated(values);
      const l = choleskyFactor(a, 4);
      product(l, transposed(l, 4), 4).forEach((v, i) => expect(Math.abs(v - a[i])).toBeLessThan(f64Error(90)));
    }
  });
});

describe("gaussian", () => {
  test.each(["few", "many"] as const)("shrinks as scikit-learn's ledoit_wolf does: %s", (name) => {
    const { features, shrinkage, covariance } = reference[name];
    const g = gaussian(features);
    expect(g.shrinkage).toBeCloseTo(shrinkage, 12);
    expect(g.shrinkage).toBeGreaterThan(0.01);
    expect(g.count).toBe(features.length);
    g.covariance.forEach((v, i) => expect(v).toBeCloseTo(covariance[i], 10));
  });

  test("equal vectors have no covariance and need no shrinkage", () => {
    const { mean, covariance, shrinkage } = gaussian([
      [1, 2],
      [1, 2],
    ]);
    expect([...mean, ...covariance, shrinkage]).toEqual([1, 2, 0, 0, 0, 0, 0]);
  });

  test("one vector, and vectors of two lengths, are refused", () => {
    expect(() => gaussian([[1, 2]])).toThrow(/1 picture has no covariance/);
    expect(() => gaussian([[1, 2], [1]])).toThrow(/one has 1 values, the first 2/);
  });
});

describe("the Frechet distance", () => {
  test("is scipy's, either way round", () => {
    const [a, b] = [gaussian(reference.few.features), gaussian(reference.many.features)];
    expect(frechetDistance(a, b) / reference.distance).toBeCloseTo(1, 9);
    expect(frechetDistance(b, a) / reference.distance).toBeCloseTo(1, 9);
  });

  test("of equal Gaussians is 0", () => {
    const a = gaussian(reference.few.features);
    expect(frechetDistance(a, a)).toBeLessThan(FRECHET);
  });

  test.each([
    ["regular", [2, 1, 4, 9], [4, 1, 3, 25], 11],
    // An eigenvalue of 0 is found to 1e-16 of the largest, its root to 1e-8.
    ["singular", [0, 1, 4, 9], [4, 1, 0, 25], 5],
  ])("of commuting covariances is that of their roots: %s", (_, s, t, digits) => {
    const mean = Float64Array.of(1, 2, 3, 4);
    const expected = 4 * 0.25 + s.reduce((sum, v, i) => sum + (Math.sqrt(v) - Math.sqrt(t[i])) ** 2, 0);
    for (const covariance of [diagonal, rotated]) {
      const a = { mean, covariance: covariance(s) };
      const b = { mean: mean.map((v) => v + 0.5), covariance: covariance(t) };
      expect(frechetDistance(a, b)).toBeCloseTo(expected, digits);
    }
  });

  test("of features of two nets is refused", () => {
    const two = { mean: new Float64Array(2), covariance: diagonal([1, 1]) };
    const one = { mean: new Float64Array(1), covariance: diagonal([1]) };
    expect(() => frechetDistance(two, one)).toThrow(/2 and 1 features/);
  });
});
