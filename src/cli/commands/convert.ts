// convert IN OUT: converts any checkpoint of tensors to .safetensors or .pth, piece by piece, and stores what we know about the net
// in its metadata. Loads neither Dawn nor sharp.

import { basename, extname } from "node:path";

import { listed } from "../../formats/budget.ts";
import { existingText, openCheckpointFile } from "../../formats/file.ts";
import { noteInput } from "../../formats/inputs.ts";
import { writePth } from "../../formats/torch/pth_write.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { byteSize } from "../../formats/tensors.ts";
import { retyped, type RetypeOptions } from "../../formats/retype.ts";
import { labelCount, type Config } from "../../models/config.ts";
import { kindOf } from "../../models/kinds.ts";
import { encodeRegionStyles, type Regions } from "../../models/sean/region_styles.ts";
import { storedConfig } from "../../models/weights/stored_config.ts";
import { counted, SpadeError } from "../../runtime/errors.ts";
import { noteLines, summary } from "../reports/checkpoint_report.ts";
import { readLabelList } from "../../datasets/names.ts";
import { readCodes } from "../inputs/region_codes.ts";
import { renamedStyles } from "../inputs/style_names.ts";
import { configLines, findingBeside } from "./info.ts";
import { Outputs } from "../terminal/output.ts";

export interface ConvertOptions extends RetypeOptions {
  /** Convert only this nested dictionary. */
  key?: string;
  /** A JSON file [{ id, name, color, category? }], stored in the metadata. */
  labels?: string;
  /** A JSON file { "new name": "stored name" }: the styles to keep, in this order. Of a net with regions: the mean codes (region_codes.ts). */
  styles?: string;
  /** Options of the net that the file does not store. */
  overrides?: Partial<Config>;
  force?: boolean;
}

/** The metadata of mean codes. @throws SpadeError file, usage */
async function meanCodes(path: string, regions: Regions): Promise<string> {
  const codes = await readCodes(path, regions);
  if (!codes)
    throw new SpadeError("usage", path, "holds no codes of labels", "give styles/mean.json, as test writes it");
  return encodeRegionStyles(codes);
}

const KINDS: Readonly<Record<string, "safetensors" | "pth">> = {
  ".safetensors": "safetensors",
  ".pth": "pth",
  ".pt": "pth",
};

/**
 * Converts a checkpoint and gives the lines to print: what the input holds, what was left out, what was written. The metadata
 * gets `config` (JSON: the file's, else guessed from keys and shapes, with the options given or in the opt file beside it, and the names of
 * those that stay a guess), `source`, and `labels` and the names of `styles` if given.
 * Fails with `file` or `unsupported` on the input, and with `usage` on the options and on an output over an input.
 */
export async function convert(input: string, output: string, options: ConvertOptions = {}): Promise<string[]> {
  const kind = KINDS[extname(output).toLowerCase()];
  if (!kind)
    throw new SpadeError("usage", output, "has an ending that says no format", "end it in .safetensors or .pth");
  if (options.dtype !== undefined && !["f16", "f32"].includes(options.dtype)) {
    throw new SpadeError(
      "usage",
      `--dtype ${options.dtype}`,
      "is not a dtype to convert to",
      "use f16 or f32, or leave it out",
    );
  }
  noteInput(input, "the input");
  if (options.labels !== undefined) noteInput(options.labels, "the labels");
  if (options.styles !== undefined) noteInput(options.styles, "the styles' names");
  const outputs = new Outputs(options.force);
  const source = await openCheckpointFile(input, { key: options.key });
  try {
    await outputs.check([{ path: output, kind }]);
    const lines = [summary(basename(input), source)];
    const config = await findingBeside(input, source, options.overrides, (line) => lines.push(line));
    const metadata: Record<string, string> = { ...source.metadata };
    if (config.ok) metadata.config = storedConfig(config);
    metadata.source ??= `${basename(input)} (${source.format})`;
    if (options.labels !== undefined)
      metadata.labels = JSON.stringify(
        readLabelList(options.labels, config.ok ? labelCount(config.config) : undefined),
      );

    if (options.styles !== undefined) {
      const regions = config.ok && kindOf(config.config).regions?.(config.config);
      if (regions) metadata.region_styles = await meanCodes(options.styles, regions);
      else {
        const dim = config.ok ? config.config.z_dim : 0;
        metadata.styles = renamedStyles(source.metadata.styles, dim, existingText(options.styles), options.styles);
      }
    }

    const overflowed: string[] = [];
    const tensors = retyped(source, options, overflowed);
    lines.push(...configLines(config), ...noteLines(source));
    const write = kind === "pth" ? writePth : writeSafetensors;
    await write(await outputs.sink({ path: output, kind }), tensors, metadata);
    const bytes = tensors.reduce((n, t) => n + byteSize(t), 0);
    if (overflowed.length > 0)
      lines.push(`warning: beyond the range of f16 and now infinite: ${listed(overflowed)}; convert with --dtype f32`);
    lines.push(`wrote ${output}: ${counted(tensors.length, "tensor")}, ${(bytes / 1e6).toFixed(1)} MB`);
    return lines;
  } finally {
    await source.close();
  }
}
