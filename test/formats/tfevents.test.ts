import { expect, test } from "vitest";
import { bytesAccess } from "../../src/formats/tensors.ts";
import { crc32c } from "../../src/formats/crc.ts";
import { hostileEvents } from "../fuzz/hostile.ts";
import { bytesUpTo, startRecords, summaryRecord } from "../../src/formats/tfevents.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test("the checksum is CRC-32C: values of RFC 3720, appendix B.4, and the usual check value", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
});

// Written by TensorBoard 2.21's own RecordWriter from the same values.
const REFERENCE =
  "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110" +
  "100000000000000095fbfe180900002040fc54d94110ad023a020801596f3f79" +
  "36000000000000004f578cef0900005040fc54d9411090032a280a0a0a0347414e15cdcccc3d" +
  "0a1a0a0a7265616c5f696d616765220c080210031803220489504e478e4acbeb";

const file = Buffer.concat([
  startRecords({ time: 1700000000.5, step: 301 }),
  summaryRecord(
    { time: 1700000001.25, step: 400 },
    { GAN: 0.1 },
    { real_image: { png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), width: 3, height: 2 } },
  ),
]);

test("a file is byte for byte the one that TensorBoard's writer makes", () => {
  expect(file.toString("hex")).toBe(REFERENCE);
});

test("a file is cut before the first event after a step, and before what is damaged or unfinished", async () => {
  const head = startRecords({ time: 1e9, step: 0 });
  const events = [100, 200, 3e9].map((step) => summaryRecord({ time: 1e9, step }, { GAN: step }));
  const whole = Buffer.concat([head, ...events]);
  const upTo = (bytes: Uint8Array, step: number): Promise<number> => bytesUpTo(bytesAccess(bytes), step);
  const ends = [head.length];
  for (const event of events) ends.push(ends.at(-1)! + event.length);

  expect(await upTo(whole, 99)).toBe(ends[0]);
  expect(await upTo(whole, 100)).toBe(ends[1]);
  expect(await upTo(whole, 2e9)).toBe(ends[2]);
  expect(await upTo(whole, 3e9)).toBe(ends[3]);
  for (const lost of [1, 4, 20, events[2].length - 1]) {
    expect(await upTo(whole.subarray(0, ends[3] - lost), 4e9)).toBe(ends[2]);
  }
  const damaged = Uint8Array.from(whole);
  damaged[ends[1] + 8] ^= 1;
  expect(await upTo(damaged, 4e9)).toBe(ends[1]);
  expect(await upTo(new Uint8Array(0), 0)).toBe(0);
});

test("a record without content is an event, and one whose content is none is damage: nothing is thrown", async () => {
  /** A record with the checksums that its content has. */
  const record = (content: Uint8Array): Uint8Array => {
    const masked = (bytes: Uint8Array): number => {
      const crc = crc32c(bytes);
      return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    };
    const out = Buffer.alloc(16 + content.length);
    out.writeBigUInt64LE(BigInt(content.length));
    out.writeUInt32LE(masked(out.subarray(0, 8)), 8);
    out.set(content, 12);
    out.writeUInt32LE(masked(content), 12 + content.length);
    return out;
  };
  const event = summaryRecord({ time: 1e9, step: 5 }, { GAN: 1 });
  for (const content of [
    [],
    [9, ...new Array<number>(8).fill(0)],
    [9, 1, 2],
    [0xff, 0xff],
    [9, ...new Array<number>(8).fill(0), 16, 0xff],
  ]) {
    const bytes = record(Uint8Array.from(content));
    const end = await bytesUpTo(bytesAccess(Buffer.concat([event, bytes])), 5);
    expect([event.length, event.length + bytes.length]).toContain(end);
  }
  expect(await bytesUpTo(bytesAccess(Buffer.concat([record(new Uint8Array(0)), event])), 5)).toBe(16 + event.length);
});

test("an empty record is an event of step 0; a record that is no event ends the file", async () => {
  const [empty, cut] = hostileEvents().map((make) => make());
  expect(await bytesUpTo(bytesAccess(empty), 5)).toBe(empty.length);
  expect(await bytesUpTo(bytesAccess(cut), 5)).toBe(0);
});
