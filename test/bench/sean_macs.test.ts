// The counts of SEAN's products, against those that were counted by hand for the published net.

import { expect, test } from "vitest";
import { denseMacs, lookupMacs } from "../../bench/lib/sean_macs.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { windowsOf } from "../../src/painting/windows.ts";

const c: Config = {
  ...defaultConfig,
  netG: "sean",
  ngf: 64,
  label_nc: 19,
  contain_dontcare_label: false,
  no_instance: true,
  crop_size: 256,
  style_length: 512,
  enc_ngf: 32,
};
const giga = (n: number): number => Number((n / 1e9).toFixed(2));

test("densely 342.4 G: styles 179.99, labels 5.74 + 93.31, features 42.13, encoder 21.20, fc_mu 0.075", () => {
  const { styles, spade, features, encoder, fcMu, total } = denseMacs(c);
  expect([styles, features, encoder].map(giga)).toEqual([179.99, 42.13, 21.2]);
  expect(giga(spade)).toBeCloseTo(5.74 + 93.31, 1);
  expect(fcMu).toBe(15 * 19 * 512 ** 2);
  expect(total / 1e9).toBeCloseTo(342.4, 1);
});

test("by lookup the styles cost 1.86 G whatever the map, the labels a row for each of its windows", () => {
  const data = new Uint8Array(256 * 256).fill(3, 128 * 256);
  const windows = windowsOf(c, [{ data, width: 256, height: 256 }], null);
  const lookup = lookupMacs(c, windows);
  const dense = denseMacs(c);
  expect(giga(lookup.styles)).toBe(1.86);
  expect([lookup.features, lookup.encoder, lookup.fcMu]).toEqual([dense.features, dense.encoder, dense.fcMu]);
  // Two halves have few windows.
  expect(lookup.spade).toBeLessThan(dense.spade / 50);
  expect(lookup.spade).toBeGreaterThan(0);
});
