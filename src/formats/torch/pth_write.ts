// Writes the same format as torch.save(OrderedDict of tensors): a zip of stored entries aligned to 64 bytes, with the
// list of tensors as a pickle of protocol 2. torch.load reads it, also with weights_only=True. Values are streamed:
// sizes and checksums follow each entry (data descriptors) and are in the central directory, so no byte is rewritten.

import { SpadeError } from "../../runtime/errors.ts";
import { tensorBytes } from "../safetensors.ts";
import type { TensorToWrite } from "../safetensors.ts";
import { byteSize, concat, elements } from "../tensors.ts";
import type { Sink } from "../tensors.ts";
import { storageTypeOf } from "./torch_objects.ts";
import { record, ZipStream } from "./zip_write.ts";

/** Our own zip entry, which torch ignores: metadata as a JSON object of strings. */
export const METADATA_ENTRY = "spade_metadata.json";

/**
 * Writes a .pth (zip form) that torch.load returns as an OrderedDict in the given order. Fails with `unsupported` above
 * about 4 GiB or 65000 tensors, and with `usage` if `data` gives a byte count that does not match dtype and shape.
 */
export async function writePth(
  sink: Sink,
  tensors: TensorToWrite[],
  metadata: Record<string, string> = {},
): Promise<void> {
  const total = tensors.reduce((n, t) => n + byteSize(t) + 512, 0);
  try {
    if (total > 0xffff0000 || tensors.length > 65000) {
      throw new SpadeError(
        "unsupported",
        ".pth",
        `${total} bytes in ${tensors.length} tensors need a zip64`,
        "write .safetensors instead",
      );
    }
    const zip = new ZipStream(sink, "archive/");
    await zip.add("data.pkl", once(pickleStateDict(tensors)));
    await zip.add("byteorder", once(ascii("little")));
    for (const [i, t] of tensors.entries()) await zip.add(`data/${i}`, tensorBytes(t));
    await zip.add("version", once(ascii("3\n")));
    if (Object.keys(metadata).length > 0)
      await zip.add(METADATA_ENTRY, once(new TextEncoder().encode(JSON.stringify(metadata))));
    await zip.finish();
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await sink.close();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

// --- the pickle: an OrderedDict of torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False,
// OrderedDict())

function pickleStateDict(tensors: TensorToWrite[]): Uint8Array {
  const out = new Pickler();
  out
    .raw(0x80, 2)
    .call("collections", "OrderedDict", () => {})
    .raw(MARK);
  tensors.forEach((t, i) => {
    out.text(t.name);
    out.call("torch._utils", "_rebuild_tensor_v2", () => {
      out
        .raw(MARK)
        .text("storage")
        .global("torch", storageTypeOf(t.dtype))
        .text(String(i))
        .text("cpu")
        .int(elements(t.shape))
        .raw(TUPLE, BINPERSID);
      out.int(0).ints(t.shape).ints(stridesOf(t.shape)).raw(NEWFALSE);
      out.call("collections", "OrderedDict", () => {});
    });
  });
  return out.raw(SETITEMS, STOP).bytes();
}

const [MARK, TUPLE, REDUCE, BINPERSID, NEWFALSE, SETITEMS, STOP, GLOBAL] = Array.from("(tRQ\x89u.c", (c) =>
  c.charCodeAt(0),
);
const [BINUNICODE, BININT, LONG1] = [0x58, 0x4a, 0x8a];

class Pickler {
  private parts: Uint8Array[] = [];

  raw(...bytes: number[]): this {
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }

  global(module: string, name: string): this {
    this.parts.push(Uint8Array.of(GLOBAL), ascii(`${module}\n${name}\n`));
    return this;
  }

  /** Writes a call of module.name; `args` pushes its arguments. */
  call(module: string, name: string, args: () => void): this {
    this.global(module, name).raw(MARK);
    args();
    return this.raw(TUPLE, REDUCE);
  }

  text(value: string): this {
    const utf8 = new TextEncoder().encode(value);
    this.parts.push(
      record(5, (v) => (v.setUint8(0, BINUNICODE), v.setUint32(1, utf8.length, true))),
      utf8,
    );
    return this;
  }

  int(value: number): this {
    if (value <= 0x7fffffff) this.parts.push(record(5, (v) => (v.setUint8(0, BININT), v.setInt32(1, value, true))));
    else this.raw(LONG1, 8).parts.push(record(8, (v) => v.setBigInt64(0, BigInt(value), true)));
    return this;
  }

  ints(values: number[]): this {
    this.raw(MARK);
    for (const v of values) this.int(v);
    return this.raw(TUPLE);
  }

  bytes(): Uint8Array {
    return concat(this.parts);
  }
}

function stridesOf(shape: number[]): number[] {
  return shape.map((_, i) => elements(shape.slice(i + 1)));
}
