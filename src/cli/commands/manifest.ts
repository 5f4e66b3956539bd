// manifest FILE: writes FILE.json, with which a page checks a weights file part by part while it arrives.

import { createHash } from "node:crypto";
import { openCheckpointFile, openFile } from "../../formats/file.ts";
import { noteInput } from "../../formats/inputs.ts";
import { PART, sha256, type Manifest } from "../../formats/manifest.ts";
import { counted, SpadeError } from "../../runtime/errors.ts";
import { Outputs } from "../terminal/output.ts";

/** The lines to print. @throws SpadeError file: no weights; usage: the manifest would replace something else */
export async function writeManifest(file: string, { force = false }: { force?: boolean } = {}): Promise<string[]> {
  noteInput(file, "the weights");
  const outputs = new Outputs(force);
  const output = { path: `${file}.json`, kind: "json" } as const;
  const { format, close } = await openCheckpointFile(file);
  await close();
  if (format !== "safetensors")
    throw new SpadeError("usage", file, `is a ${format} file`, "pages take safetensors: convert it first");
  await outputs.check([output]);
  const access = await openFile(file);
  try {
    const whole = createHash("sha256");
    const parts: string[] = [];
    for (let at = 0; at < access.size; at += PART) {
      const bytes = await access.read(at, Math.min(PART, access.size - at));
      whole.update(bytes);
      parts.push(await sha256(bytes));
    }
    const manifest: Manifest = { bytes: access.size, sha256: whole.digest("hex"), parts };
    await outputs.write(output, `${JSON.stringify(manifest, null, 2)}\n`);
    return [`wrote ${output.path}: ${counted(parts.length, "part")} of ${PART / 2 ** 20} MB; put it beside the file`];
  } finally {
    await access.close();
  }
}
