// Opens a file that a person chose or dropped, whatever it is.

import { readMap } from "../files/map_file.ts";
import { sniff } from "../files/sniff.ts";
import { failureOf } from "../net/failure.ts";
import type { Net } from "../net/net.ts";
import { texts } from "../texts.ts";
import { show, type MapOpener } from "./maps.ts";

/** Where an opened file goes: Actions. */
interface Opener extends MapOpener {
  add(net: Net): Promise<void>;
}

export async function openFile(file: File, actions: Opener): Promise<void> {
  const { studio } = actions;
  const found = await sniff(file);
  switch (found.kind) {
    case "error":
      return studio.say(found.error);
    case "picture":
      if (await show(found.painting, actions)) studio.say(texts.said.goOn(file.name));
      return;
    case "photo":
      actions.question.value = { kind: "photo", photo: file };
      return;
    case "map": {
      const map = await readMap(file, studio.net.value);
      if ("error" in map) return studio.say(map.error);
      studio.doc.value.replace(Uint8Array.from(map.ids));
      return studio.say([texts.said.opened(file.name), ...map.notes].join(" "));
    }
    case "net": {
      const net = await netOf(file, found.format);
      if (typeof net === "string") return studio.say(net);
      await actions.add(net);
      return studio.say(texts.said.opened(file.name));
    }
  }
}

/** Most labels of a net: a map here holds ids of eight bits. */
const MOST_LABELS = 256;

/** A net from a file; or what is wrong with it, for people. */
async function netOf(file: File, format: "safetensors" | "pth"): Promise<Net | string> {
  try {
    const weights = format === "pth" ? await (await import("../../pth.ts")).convertCheckpoint(file) : file;
    // Of whatever generator.
    const { inspect } = await import("../../sean.ts");
    const { width, height, labels: stored, dontCare, bytes, notice } = await inspect(weights);
    const labels = (await import("../starts/other_labels.ts")).otherLabels(stored);
    if (labels.length > MOST_LABELS) return texts.said.manyLabels(labels.length);
    const hash = await crypto.subtle.digest("SHA-256", await weights.arrayBuffer());
    const sha256 = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { id: file.name, weights, sha256, width, height, labels, dontCare, bytes, data: notice ?? "", licence: "" };
  } catch (error) {
    const { problem, fix } = failureOf(error);
    return texts.said.failed(problem, fix);
  }
}
