// Writes a zip of stored entries as a stream, in the layout of torch's own writer. Each entry's data begins at a
// multiple of 64 bytes; its size and checksum follow it (data descriptor) and are repeated in the central directory.

import { crc32 } from "../crc.ts";
import { concat, type Sink } from "../tensors.ts";

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

    let crc = 0;
    let size = 0;
    for await (const piece of data) {
      crc = crc32(piece, crc);
      size += piece.length;
      await this.write(piece);
    }
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

/** Makes `length` bytes and fills them through a DataView. */
export function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}
