// TensorBoard's event files: TFRecords (length, masked CRC-32C, data, masked CRC-32C) of Event messages. Only the parts
// needed for curves and pictures are supported.

import protobuf from "protobufjs";
import { crc32c } from "./crc.ts";
import type { RandomAccess } from "./tensors.ts";

// The subset of TensorFlow's event.proto and summary.proto that we write and read, with their field numbers.
const SCHEMA = protobuf.parse(
  `
  syntax = "proto3";
  package tensorflow;
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
  }
  message SessionLog { enum SessionStatus { STATUS_UNSPECIFIED = 0; START = 1; } SessionStatus status = 1; }
  message Summary {
    message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
    message Value { string tag = 1; oneof value { float simple_value = 2; Image image = 4; } }
    repeated Value value = 1;
  }`,
  { keepCase: true },
).root;

const EVENT = SCHEMA.lookupType("tensorflow.Event");
const RGB = 3;
/** Bytes before the data (u64 length and its u32 checksum), and after it (the data's u32 checksum). */
const HEAD = 12;
const FOOT = 4;
/** Maximum size in bytes of the fields wall_time and step, tags included. */
const STEP_BYTES = 20;

export interface EventImage {
  /** A PNG file. */
  png: Uint8Array;
  width: number;
  height: number;
}

/** `time`: seconds since 1970. */
export interface Moment {
  time: number;
  step: number;
}

/** Encodes the first records of an event file. TensorBoard then ignores older files' events from `step` on. */
export function startRecords({ time, step }: Moment): Uint8Array {
  const version = record({ wall_time: time, file_version: "brain.Event:2" });
  const start = record({ wall_time: time, step, session_log: { status: 1 } });
  return concat([version, start]);
}

/** Encodes one event that holds scalars and images by tag. */
export function summaryRecord(
  { time, step }: Moment,
  scalars: Readonly<Record<string, number>>,
  images: Readonly<Record<string, EventImage>> = {},
): Uint8Array {
  const value = [
    ...Object.entries(scalars).map(([tag, simple_value]) => ({ tag, simple_value })),
    ...Object.entries(images).map(([tag, { png, width, height }]) => ({
      tag,
      image: { height, width, colorspace: RGB, encoded_image_string: png },
    })),
  ];
  return record({ wall_time: time, step, summary: { value } });
}

/**
 * Number of bytes in an event file before the first event after `step`, or before the first bad or truncated record.
 */
export async function bytesUpTo(file: RandomAccess, step: number): Promise<number> {
  let at = 0;
  while (at + HEAD + FOOT <= file.size) {
    const bytes = await file.read(at, Math.min(HEAD + STEP_BYTES, file.size - at));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = Number(view.getBigUint64(0, true));
    if (view.getUint32(8, true) !== maskedCrc(bytes.subarray(0, 8)) || at + HEAD + length + FOOT > file.size) return at;
    const found = stepOf(bytes.subarray(HEAD, HEAD + length));
    if (found === undefined || found > step) return at;
    at += HEAD + length + FOOT;
  }
  return at;
}

/** Reads the step from an event's first bytes; undefined if they are no event. proto3 omits a step of 0, and every field of an empty record. */
function stepOf(data: Uint8Array): number | undefined {
  if (data.length === 0) return 0;
  try {
    const reader = protobuf.Reader.create(data);
    if (reader.uint32() !== ((1 << 3) | 1)) return 0;
    reader.double();
    return reader.pos < data.length && reader.uint32() === 2 << 3 ? Number(reader.int64()) : 0;
  } catch {
    // protobufjs throws where a field runs past the end.
    return undefined;
  }
}

function record(event: object): Uint8Array {
  const data = EVENT.encode(EVENT.create(event)).finish();
  const out = new Uint8Array(HEAD + data.length + FOOT);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(out.subarray(0, 8)), true);
  out.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedCrc(data), true);
  return out;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Masked CRC-32C of TFRecord. Masking avoids problems with the checksum of data that itself contains checksums. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
