// Writes a zip of stored entries as a stream, in the layout of torch's own writer. Each entry's data begins at a
// multiple of 64 bytes; its size and checksum follow it (data descriptor) and are repeated in the central directory.

import type { Sink } from "../tensors.ts";

/** Appends entries to a sink; `finish` writes the central directory. Names are ASCII, sizes below 4 GiB. */
export class ZipStream {
  private at = 0;
  private readonly central: Uint8Array[] = [];
  private readonly sink: Sink;
  private readonly folder: string;

  constructor(sink: Sink, folder: string) {
    this.sink = sink;
    this.folder = folder;
  }

  async add(entry: string, data: AsyncIterable<Uint8Array>): Promise<void> {
    const name = new TextEncoder().encode(this.folder + entry);
    const offset = this.at;
    // The extra field "FB", which torch uses as padding, moves the data to a multiple of 64 bytes.
    const padding = (64 - ((offset + 30 + name.length + 4) % 64)) % 64;
    const extra = new Uint8Array(4 + padding).fill(0x5a);
    new DataView(extra.buffer).setUint32(0, 0x4246 | (padding << 16), true);
    await this.write(concat([record(30, (v) => localHeader(v, name.length, extra.length)), name, extra]));

    let crc = 0xffffffff;
    let size = 0;
    for await (const piece of data) {
      crc = crc32(crc, piece);
      size += piece.length;
      await this.write(piece);
    }
    crc = ~crc >>> 0;
    await this.write(record(16, (v) => [0x08074b50, crc, size, size].forEach((x, i) => v.setUint32(4 * i, x, true))));
    this.central.push(
      record(46, (v) => centralHeader(v, name.length, crc, size, offset)),
      name,
    );
  }

  async finish(): Promise<void> {
    const directory = concat(this.central);
    const start = this.at;
    await this.write(directory);
    const count = this.central.length / 2;
    await this.write(
      record(22, (v) => {
        v.setUint32(0, 0x06054b50, true);
        v.setUint16(8, count, true);
        v.setUint16(10, count, true);
        v.setUint32(12, directory.length, true);
        v.setUint32(16, start, true);
      }),
    );
  }

  private async write(bytes: Uint8Array): Promise<void> {
    this.at += bytes.length;
    await this.sink.write(bytes);
  }
}

// Flag 8: sizes and checksum follow the data. Flag 0x800: names are UTF-8. Date 0x21 is 1 January 1980, zip's epoch; it
// is fixed so that equal tensors give equal files.
const FLAGS = 0x808;
const DATE = 0x21;

function localHeader(v: DataView, nameLength: number, extraLength: number): void {
  v.setUint32(0, 0x04034b50, true);
  v.setUint16(4, 20, true);
  v.setUint16(6, FLAGS, true);
  v.setUint16(12, DATE, true);
  v.setUint16(26, nameLength, true);
  v.setUint16(28, extraLength, true);
}

function centralHeader(v: DataView, nameLength: number, crc: number, size: number, offset: number): void {
  v.setUint32(0, 0x02014b50, true);
  v.setUint16(4, 20, true);
  v.setUint16(6, 20, true);
  v.setUint16(8, FLAGS, true);
  v.setUint16(14, DATE, true);
  v.setUint32(16, crc, true);
  v.setUint32(20, size, true);
  v.setUint32(24, size, true);
  v.setUint16(28, nameLength, true);
  v.setUint32(42, offset, true);
}

// CRC-32 with eight tables, eight bytes per step. zlib.crc32 would be faster but exists only in Node.
let crcTables: Uint32Array[] | undefined;
function tables(): Uint32Array[] {
  if (crcTables) return crcTables;
  const t = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    t[0][i] = c;
  }
  for (let k = 1; k < 8; k++) for (let i = 0; i < 256; i++) t[k][i] = (t[k - 1][i] >>> 8) ^ t[0][t[k - 1][i] & 255];
  return (crcTables = t);
}

/** Updates zip's CRC-32 with `bytes`. Start from 0xffffffff; the complement of the last value is the checksum. */
export function crc32(crc: number, bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables();
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const x = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc = t7[x & 255] ^ t6[(x >>> 8) & 255] ^ t5[(x >>> 16) & 255] ^ t4[x >>> 24];
    crc ^= t3[bytes[i + 4]] ^ t2[bytes[i + 5]] ^ t1[bytes[i + 6]] ^ t0[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]) & 255];
  return crc;
}

/** Makes `length` bytes and fills them through a DataView. */
export function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

export function concat(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
