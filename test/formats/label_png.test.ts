import { deflateSync, crc32 } from "node:zlib";
import fc from "fast-check";
import { encode } from "fast-png";
import { expect, test } from "vitest";

import { decodeLabelPng, encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { writePng } from "../../src/formats/images/png_write.ts";
import { failure } from "./helpers.ts";

/** A PNG by hand: any header, raw rows (filter byte and packed samples each), any other chunks before the data. */
function png(
  header: { width: number; height: number; depth: number; type: number; interlace?: number },
  rows: number[],
  others: [string, number[]][] = [],
): Uint8Array {
  const { width, height, depth, type, interlace = 0 } = header;
  const ihdr = [...be32(width), ...be32(height), depth, type, 0, 0, interlace];
  const parts = [
    chunk("IHDR", ihdr),
    ...others.map(([t, d]) => chunk(t, d)),
    chunk("IDAT", [...deflateSync(Uint8Array.from(rows))]),
    chunk("IEND", []),
  ];
  return Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...parts.flat()]);
}

function chunk(type: string, data: number[]): number[] {
  const body = [...Buffer.from(type), ...data];
  return [...be32(data.length), ...body, ...be32(crc32(Uint8Array.from(body)))];
}

function be32(v: number): number[] {
  return [(v >>> 24) & 255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
}

/** 200 kB that do not compress. */
const NOISE: number[] = [];
for (let i = 0, state = 1; i < 200000; i++) NOISE.push((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);

const PALETTE: [number, number, number][] = [
  [0, 0, 0],
  [128, 64, 0],
  [1, 2, 3],
  [255, 255, 255],
];

test("gray of 8 and 16 bits and indexed maps come back as they were", () => {
  const size = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(
      size,
      fc.constantFrom(Uint8Array, Uint16Array),
      fc.boolean(),
      fc.nat(),
      ({ width, height }, Ids, indexed, seed) => {
        const withPalette = indexed && Ids === Uint8Array;
        const most = withPalette ? 4 : Ids === Uint8Array ? 256 : 65536;
        const data = Ids.from(Array.from({ length: width * height }, (_, i) => (i * 7919 + seed) % most));
        const decoded = decodeLabelPng(encodeLabelPng({ data, width, height }, withPalette ? PALETTE : undefined));
        expect(decoded).toEqual({
          data,
          width,
          height,
          kind: withPalette ? "indexed" : "gray",
          ...(withPalette ? { palette: PALETTE } : {}),
        });
      },
    ),
  );
});

test("samples of 1, 2 and 4 bits are unpacked, never scaled; rows end in a byte of their own", () => {
  const plte: [string, number[]][] = [["PLTE", PALETTE.flat()]];
  const decode = (depth: number, type: number, rows: number[]): number[] => [
    ...decodeLabelPng(png({ width: 5, height: 2, depth, type }, rows, type === 3 ? plte : [])).data,
  ];
  for (const type of [0, 3]) {
    expect(decode(1, type, [0, 0b10110_000, 0, 0b01001_111])).toEqual([1, 0, 1, 1, 0, 0, 1, 0, 0, 1]);
    expect(decode(2, type, [0, 0b00_01_10_11, 0b10_000000, 0, 0xff, 0xff])).toEqual([0, 1, 2, 3, 2, 3, 3, 3, 3, 3]);
  }
  expect(decode(4, 0, [0, 0x01, 0x9f, 0x50, 0, 0x23, 0x45, 0x60])).toEqual([0, 1, 9, 15, 5, 2, 3, 4, 5, 6]);
});

test("colours are kept, red is the id; alpha goes", () => {
  const rgb = decodeLabelPng(png({ width: 2, height: 1, depth: 8, type: 2 }, [0, 1, 2, 3, 4, 5, 6]));
  expect(rgb).toEqual({
    data: Uint8Array.of(1, 4),
    rgb: Uint8Array.of(1, 2, 3, 4, 5, 6),
    width: 2,
    height: 1,
    kind: "rgb",
  });
  const rgba = decodeLabelPng(png({ width: 1, height: 1, depth: 8, type: 6 }, [0, 9, 8, 7, 0]));
  expect([...(rgba.rgb as Uint8Array)]).toEqual([9, 8, 7]);
  const grayAlpha = decodeLabelPng(png({ width: 2, height: 1, depth: 8, type: 4 }, [0, 5, 255, 6, 0]));
  expect(grayAlpha).toEqual({ data: Uint8Array.of(5, 6), width: 2, height: 1, kind: "gray" });
});

test("interlaced maps of 8 bits are read", () => {
  // 2x2 in Adam7: pass 1 has (0,0), pass 6 (1,0), pass 7 the row below.
  const decoded = decodeLabelPng(png({ width: 2, height: 2, depth: 8, type: 0, interlace: 1 }, [0, 1, 0, 2, 0, 3, 4]));
  expect([...decoded.data]).toEqual([1, 2, 3, 4]);
});

test("other chunks do not matter, damaged ones included", () => {
  const noise: [string, number[]][] = [
    ["iCCP", [1, 2, 3]],
    ["tRNS", [0, 1, 2]],
    ["tEXt", []],
    ["gAMA", [0, 0, 0, 0]],
  ];
  expect([...decodeLabelPng(png({ width: 1, height: 1, depth: 8, type: 0 }, [0, 7], noise)).data]).toEqual([7]);
});

test("what is no label map says so in one line", async () => {
  const good = encodeLabelPng({ data: new Uint8Array(100).fill(3), width: 10, height: 10 });
  const gray = { width: 4, height: 1, depth: 8, type: 0 };
  const cases: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(0), /is empty/],
    ["JPEG", Uint8Array.of(0xff, 0xd8, 0xff), /is a JPEG/],
    ["text", new TextEncoder().encode("version https://git-lfs"), /is not a PNG/],
    ["huge", png({ ...gray, width: 1 << 30, height: 1 << 30 }, [0]), /claims 1073741824x1073741824 pixels/],
    ["large", png({ ...gray, width: 16384, height: 16384 }, [0]), /claims 16384x16384 pixels and has \d+ bytes/],
    ["no pixels", png({ ...gray, width: 0 }, [0]), /invalid PNG header/],
    ["odd depth", png({ ...gray, depth: 3 }, [0]), /invalid PNG header/],
    ["odd colour type", png({ ...gray, type: 5 }, [0]), /invalid PNG header/],
    ["fewer rows", png({ ...gray, height: 4 }, [0, 1, 2, 3, 4]), /damaged/],
    ["unknown filter", png(gray, [9, 1, 2, 3, 4]), /damaged/],
    ["no palette", png({ ...gray, type: 3 }, [0, 1, 2, 3, 4]), /no palette/],
    [
      "colours of 16 bits",
      png({ width: 1, height: 1, depth: 16, type: 2 }, [0, 0, 1, 0, 2, 0, 3]),
      /colours of 16 bits/,
    ],
    ["interlaced bits", png({ ...gray, depth: 4, interlace: 1 }, [0, 1, 2]), /interlaced with samples of 4 bits/],
    ["far too much data", png({ width: 1, height: 1, depth: 8, type: 0 }, NOISE), /bytes for 1x1 pixels/],
  ];
  for (const [what, bytes, expected] of cases)
    expect((await failure(() => decodeLabelPng(bytes, "map.png"))).message, what).toMatch(expected);
  for (let part = 0; part < 20; part++)
    await failure(() => decodeLabelPng(good.subarray(0, Math.floor((good.length * part) / 20))));
});

test("any changed byte is noticed, or does no harm", async () => {
  const good = encodeLabelPng({ data: Uint8Array.from({ length: 64 }, (_, i) => i), width: 8, height: 8 });
  for (let at = 0; at < good.length; at++) {
    const bytes = good.slice();
    bytes[at] ^= 0x55;
    await failure(() => decodeLabelPng(bytes));
  }
});

test("the encoder refuses what it cannot hold", async () => {
  const map = { data: Uint8Array.of(0, 4), width: 2, height: 1 };
  expect((await failure(() => encodeLabelPng(map, PALETTE))).problem).toBe("id 4 and a palette of 4 colours");
  expect((await failure(() => encodeLabelPng({ ...map, width: 3 }))).problem).toBe("2 ids for 3x1");
  expect((await failure(() => encodeLabelPng({ ...map, data: Uint16Array.of(0, 1) }, PALETTE))).code).toBe("usage");
});

test("a map of more pixels than the limit is refused; one whose data does not have its pixels is not inflated whole", async () => {
  const zeros = (bytes: number): number[] => [...deflateSync(new Uint8Array(bytes))];
  const of = (width: number, height: number, data: number[]): Uint8Array =>
    Uint8Array.from([
      ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
      ...chunk("IHDR", [...be32(width), ...be32(height), 8, 0, 0, 0, 0]),
      ...chunk("IDAT", data),
      ...chunk("IEND", []),
    ]);
  const map = encodeLabelPng({ data: new Uint8Array(100), width: 10, height: 10 });
  expect((await failure(() => decodeLabelPng(map, "map.png", 99))).message).toMatch(
    /has 10x10 pixels, and pictures of up to 99 are read; .* SPADE_MAX_PIXELS=100/,
  );
  const data = zeros(50 << 20);
  expect((await failure(() => decodeLabelPng(of(256, 256, data)))).problem).toMatch(/more than the 65792 bytes/);
  expect((await failure(() => decodeLabelPng(of(7245, 7245, data)))).problem).toMatch(/52428800 of the 52497270 bytes/);
  const filters = [...deflateSync(new Uint8Array(6001 * 6000).fill(7))];
  expect((await failure(() => decodeLabelPng(of(6000, 6000, filters)))).problem).toMatch(/unknown filter/);
  expect(decodeLabelPng(of(6000, 6000, zeros(6001 * 6000))).data.length).toBe(36e6);
});

test("what is written has the bytes that fast-png writes", () => {
  const [width, height] = [61, 43];
  const ids = Uint8Array.from({ length: width * height }, (_, i) => (i * 7) % 12);
  const wide = Uint16Array.from(ids, (id) => 300 * id);
  const palette = Array.from({ length: 12 }, (_, i): [number, number, number] => [i, 20 * i, 255 - i]);
  const rgb = Uint8Array.from({ length: 3 * ids.length }, (_, i) => i % 251);
  const same = (ours: Uint8Array, theirs: Parameters<typeof encode>[0]): void =>
    expect(Buffer.from(ours).equals(Buffer.from(encode(theirs)))).toBe(true);
  same(encodeLabelPng({ data: ids, width, height }), { data: ids, width, height, channels: 1, depth: 8 });
  same(encodeLabelPng({ data: wide, width, height }), { data: wide, width, height, channels: 1, depth: 16 });
  const indexed = encodeLabelPng({ data: ids, width, height }, palette);
  same(indexed, { data: ids, width, height, channels: 1, depth: 8, palette: palette.map((c) => [...c]) });
  same(writePng({ data: rgb, width, height }, "rgb"), { data: rgb, width, height, channels: 3, depth: 8 });
});
