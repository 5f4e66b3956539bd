// The published CLADE is `--netG spade --norm_mode clade`. Here it is a generator of its own, netG clade; this turns one into the other.

import { foreign, SpadeError } from "../../runtime/errors.ts";
import type { Config } from "../config.ts";

export const NORM_MODES = ["spade", "clade"] as const;

/**
 * The netG that a published netG and norm_mode mean together; undefined if neither is given.
 * @param where for messages @throws SpadeError usage: they contradict each other, or there is no such norm_mode
 */
export function netOfMode(netG: string | undefined, mode: unknown, where: string): string | undefined {
  if (mode === undefined) return netG;
  const known = NORM_MODES.find((name) => name === mode);
  if (!known) throw new SpadeError("usage", where, `norm_mode is ${foreign(String(mode), 40)}`, "give spade or clade");
  // Other generators have no norm_mode, and their opt.txt the default one.
  if (netG === undefined || netG === "spade" || netG === known) return known;
  if (known === "spade" && netG !== "clade") return netG;
  throw new SpadeError(
    "usage",
    where,
    `norm_mode is ${known} where netG is ${foreign(netG, 40)}`,
    "leave one of them out",
  );
}

/** The published names and values of a run's options, for opt.txt. */
export const publishedMode = ({ netG }: Pick<Config, "netG">): { netG: string; norm_mode?: string } =>
  netG === "clade" ? { netG: "spade", norm_mode: netG } : { netG };
