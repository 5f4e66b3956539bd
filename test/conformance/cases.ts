// Which case is it? Told by the roles of its tensors, never by the file's name, so that any seed and config works.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpointFile } from "../../src/formats/file.ts";
import type { Device } from "../../src/runtime/index.ts";
import type { Verdict } from "./compare.ts";
import { cladeCase } from "./clade_case.ts";
import { discriminatorCase, encoderCase } from "./net_cases.ts";
import { trainingCase } from "./training_case.ts";
import { generatorCase } from "./generator_case.ts";
import { openGolden, type Golden } from "./golden.ts";
import { pix2pixhdCase } from "./pix2pixhd_case.ts";
import { spadeNormCase } from "./spade_norm_case.ts";
import { aceCase, seanGeneratorCase, styleEncoderCase } from "./sean_cases.ts";
import { SMALL_WEIGHT, f16Error } from "../tolerances.ts";

type Kind =
  | "training steps"
  | "discriminator"
  | "encoder"
  | "generator"
  | "pix2pixHD"
  | "CLADE"
  | "SPADE norm"
  | "checkpoint"
  | "ACE"
  | "style encoder"
  | "SEAN";

function kindOf(golden: Golden): Kind {
  if (!golden.config) return "checkpoint";
  if (golden.names.some((n) => n.startsWith("loss."))) return "training steps";
  if (golden.seeds.D) return "discriminator";
  if (golden.seeds.E) return "encoder";
  if (golden.config.netG === "sean")
    return golden.has("in.x")
      ? "ACE"
      : golden.has("in.cotangent") && !golden.has("out.eval")
        ? "style encoder"
        : "SEAN";
  if (golden.has("in.x")) return "SPADE norm";
  return golden.config.netG === "clade" ? "CLADE" : golden.config.netG === "pix2pixhd" ? "pix2pixHD" : "generator";
}

export async function runCase(file: string, device: Device): Promise<{ kind: Kind; verdicts: Verdict[] }> {
  const golden = await openGolden(file);
  try {
    const kind = kindOf(golden);
    if (kind === "generator") return { kind, verdicts: await generatorCase(golden, device) };
    if (kind === "pix2pixHD") return { kind, verdicts: await pix2pixhdCase(golden, device) };
    if (kind === "CLADE") return { kind, verdicts: await cladeCase(golden, device) };
    if (kind === "SPADE norm") return { kind, verdicts: await spadeNormCase(golden, device) };
    if (kind === "ACE") return { kind, verdicts: await aceCase(golden, device) };
    if (kind === "style encoder") return { kind, verdicts: await styleEncoderCase(golden, device) };
    if (kind === "SEAN") return { kind, verdicts: await seanGeneratorCase(golden, device) };
    if (kind === "checkpoint") return { kind, verdicts: await checkpointCase(file) };
    if (kind === "discriminator") return { kind, verdicts: await discriminatorCase(golden, device) };
    if (kind === "encoder") return { kind, verdicts: await encoderCase(golden, device) };
    return { kind, verdicts: await trainingCase(golden, device) };
  } finally {
    await golden.close();
  }
}

/** A state dict in safetensors beside the same in .pth files of its name: every tensor equal (in half precision: to half). */
async function checkpointCase(file: string): Promise<Verdict[]> {
  const folder = join(file, "..");
  const stem = file.slice(folder.length + 1).replace(/\.safetensors$/, "");
  const ref = await openCheckpointFile(file);
  const verdicts: Verdict[] = [];
  const { toF32 } = await import("../../src/formats/tensors.ts");
  for (const other of (await readdir(folder)).filter((f) => f.startsWith(`${stem}_`) && f.endsWith(".pth")).sort()) {
    const found = await openCheckpointFile(join(folder, other));
    let worst = found.names().length === ref.names().length ? 0 : Infinity;
    for (const name of ref.names()) {
      if (!found.names().includes(name)) {
        worst = Infinity;
        break;
      }
      const a = toF32(await found.read(name));
      const b = toF32(await ref.read(name));
      for (let i = 0; i < b.length; i++)
        worst = Math.max(worst, Math.abs(a[i] - b[i]) / Math.max(SMALL_WEIGHT, Math.abs(b[i])));
    }
    await found.close();
    const tolerance = other.includes("half") ? f16Error(0) : 0;
    verdicts.push({
      name: other,
      quantity: "worst relative difference",
      error: worst,
      tolerance,
      verdict: worst <= tolerance ? "pass" : "FAIL",
    });
  }
  await ref.close();
  return verdicts;
}
