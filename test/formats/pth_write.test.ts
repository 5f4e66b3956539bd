// What we write as .pth, read back by us. That torch reads it: check_pth_write.py beside this file.

import {
  BlobReader,
  BlobWriter,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js/index-native.js";
import { crc32 as nodeCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";

import { openCheckpoint } from "../../src/formats/any_checkpoint.ts";
import { writePth } from "../../src/formats/torch/pth_write.ts";
import { bytesAccess, memorySink } from "../../src/formats/tensors.ts";
import type { HostTensor } from "../../src/formats/tensors.ts";
import { crc32 } from "../../src/formats/crc.ts";
import { DTYPES, expectSameTensors, failure, filled, readAll, toWrite } from "./helpers.ts";

async function written(
  tensors: Map<string, HostTensor>,
  metadata?: Record<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await writePth(sink, toWrite(tensors), metadata);
  return sink.bytes() as Uint8Array<ArrayBuffer>;
}

test("whatever is written is read back, in order, with metadata", async () => {
  const tensor = fc.tuple(fc.constantFrom(...DTYPES), fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }));
  const name = fc.oneof(fc.stringMatching(/^[a-z_.0-9]{1,20}$/), fc.constantFrom("é", "__proto__", "层.weight"));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, tensor), { selector: ([n]) => n, minLength: 1, maxLength: 8 }),
      async (list) => {
        const tensors = new Map(
          list.filter(([n]) => !n.startsWith("module.")).map(([n, [dtype, shape]], i) => [n, filled(dtype, shape, i)]),
        );
        fc.pre(tensors.size > 0);
        const source = await openCheckpoint(bytesAccess(await written(tensors, { config: '{"ngf":64}' })));
        expect([source.format, source.names(), source.metadata]).toEqual([
          "torch zip",
          [...tensors.keys()],
          { config: '{"ngf":64}' },
        ]);
        expectSameTensors(await readAll(source), tensors);
      },
    ),
    { numRuns: 40 },
  );
});

test("entries are stored, aligned to 64 bytes and have the right checksums", async () => {
  const bytes = await written(
    new Map([
      ["a", filled("F32", [100], 1)],
      ["b", filled("U8", [3], 2)],
    ]),
  );
  const entries = await new ZipReader(new BlobReader(new Blob([bytes]))).getEntries();
  expect(entries.map((e) => e.filename)).toEqual([
    "archive/data.pkl",
    "archive/byteorder",
    "archive/data/0",
    "archive/data/1",
    "archive/version",
  ]);
  for (const e of entries) {
    if (e.directory) throw new Error("no folders are written");
    const view = new DataView(bytes.buffer, e.offset);
    expect((e.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true)) % 64).toBe(0);
    expect(e.compressionMethod).toBe(0);
    await e.getData(new Uint8ArrayWriter(), { checkSignature: true, useWebWorkers: false });
  }
});

test("the checksum is zlib's, in pieces or at once", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const whole = pieces.flatMap((p) => [...p]);
      return pieces.reduce((crc, piece) => crc32(piece, crc), 0) === nodeCrc32(Uint8Array.from(whole));
    }),
  );
});

test("a deflated archive is read too, and equal tensors give equal files", async () => {
  const tensors = new Map([
    ["a", filled("F32", [50, 50], 1)],
    ["b", filled("I64", [9], 2)],
  ]);
  const stored = await written(tensors);
  expect(await written(tensors)).toEqual(stored);
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  for (const e of await new ZipReader(new BlobReader(new Blob([stored]))).getEntries()) {
    if (!e.directory)
      await zip.add(
        e.filename,
        new Uint8ArrayReader(await e.getData(new Uint8ArrayWriter(), { useWebWorkers: false })),
        { level: 6 },
      );
  }
  const deflated = new Uint8Array(await (await zip.close()).arrayBuffer());
  expect(deflated.length).toBeLessThan(stored.length / 2);
  expectSameTensors(await readAll(await openCheckpoint(bytesAccess(deflated))), tensors);
});

test("over 4 GiB is refused before anything is written", async () => {
  const sink = memorySink();
  const error = await failure(() =>
    writePth(sink, [{ name: "a", dtype: "F32", shape: [2 ** 30], data: () => new Uint8Array(0) }]),
  );
  expect([error.code, error.fix, sink.bytes().length]).toEqual(["unsupported", "write .safetensors instead", 0]);
});
