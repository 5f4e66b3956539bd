// Zips by hand: changed after they were written, or with any entries.

import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../src/formats/crc.ts";

/** Sets the checksums of a zip's directory to 0, which readers of torch's files take as not computed. Changes `zip`. */
export function withoutChecksums(zip: Uint8Array): void {
  for (const at of placesOf(zip, [0x50, 0x4b, 1, 2])) zip.fill(0, at + 16, at + 20);
}

function placesOf(bytes: Uint8Array, mark: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = 0; at + mark.length <= bytes.length; at++)
    if (mark.every((b, i) => bytes[at + i] === b)) found.push(at);
  return found;
}

const le = (width: number, ...values: number[]): number[] =>
  values.flatMap((v) => Array.from({ length: width }, (_, i) => Math.floor(v / 256 ** i) & 255));

/** A zip of these entries. `claims`: the inflated size that the directory states, if it is not the true one. */
export function zipOf(
  entries: readonly { name: string; bytes: Uint8Array; deflate?: boolean; claims?: number; crc?: number }[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes, deflate, claims = bytes.length, crc = crc32(bytes) } of entries) {
    const data = deflate ? deflateRawSync(bytes) : bytes;
    const shared = [
      ...le(2, 20, 0, deflate ? 8 : 0, 0, 0),
      ...le(4, crc, data.length, claims),
      ...le(2, name.length, 0),
    ];
    const local = Buffer.from([0x50, 0x4b, 3, 4, ...shared, ...Buffer.from(name)]);
    directory.push(
      Buffer.from([
        ...[0x50, 0x4b, 1, 2],
        ...le(2, 20),
        ...shared,
        ...le(2, 0, 0, 0),
        ...le(4, 0, offset),
        ...Buffer.from(name),
      ]),
    );
    parts.push(local, data);
    offset += local.length + data.length;
  }
  const size = directory.reduce((n, d) => n + d.length, 0);
  const end = [0x50, 0x4b, 5, 6, ...le(2, 0, 0, entries.length, entries.length), ...le(4, size, offset), ...le(2, 0)];
  return Buffer.concat([...parts, ...directory, Buffer.from(end)]);
}
