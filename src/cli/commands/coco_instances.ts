// spade coco-instances: writes an instance map for every COCO label map whose picture is in the annotation file.

import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { instanceMap, readAnnotations } from "../../datasets/coco/coco_instances.ts";
import { StoredNames } from "../../datasets/folder.ts";
import { idsOf, readPng } from "../../datasets/label_file.ts";
import { noteInput } from "../../formats/inputs.ts";
import { encodeLabelPng } from "../../formats/images/label_png.ts";
import { SpadeError, counted } from "../../runtime/errors.ts";
import { Outputs } from "../terminal/output.ts";
import type { Progress } from "../terminal/progress.ts";

export interface CocoInstancesCommand {
  annotations: string;
  label_dir: string;
  out: string;
  as_published?: boolean;
  force?: boolean;
}

/**
 * Writes the instance maps and gives the lines to print. Fails with `file` on the annotations, on damaged label maps, and if no label
 * map is found; with `label` on a map in colours; with `usage` if the instance maps would replace the label maps.
 */
export async function cocoInstances(o: CocoInstancesCommand, progress: Progress): Promise<string[]> {
  const outputs = new Outputs(o.force);
  const targetOf = (name: string) => ({ path: join(o.out, name), kind: "png" }) as const;
  noteInput(o.annotations, "the annotations");
  const names = (await readdir(o.label_dir).catch(() => [])).filter((name) => name.endsWith(".png"));
  for (const name of names) noteInput(join(o.label_dir, name), "a label map");
  await outputs.check(names.map(targetOf));
  const { size } = await stat(o.annotations).catch(() => ({ size: 0 }));
  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  const pictures = await readAnnotations(o.annotations, (loaded) =>
    progress.update("reading annotations, MB", mb(loaded), mb(size)),
  );
  let written = 0;
  let things = 0;
  const stored = new StoredNames();
  for (const [i, picture] of pictures.entries()) {
    progress.update("instance maps", i, pictures.length);
    // Like the published script: the photo's name with another extension.
    const path = await stored.find(o.label_dir, picture.fileName.replace("jpg", "png"));
    if (!(await stat(path).catch(() => undefined))) continue;
    const label = idsOf(await readPng(path), path, undefined, "give the PNGs of COCO's stuffthingmaps: one id a pixel");
    const target = targetOf(relative(o.label_dir, path));
    await outputs.write(target, encodeLabelPng(instanceMap(label, picture.things, o.as_published)));
    written++;
    things += picture.things.length;
  }
  progress.end();
  if (!written)
    throw new SpadeError(
      "file",
      o.label_dir,
      `has no label map of the ${counted(pictures.length, "picture")} in ${o.annotations} (the first would be ${pictures[0].fileName.replace("jpg", "png")})`,
      "check both: train and val have their own",
    );
  const left = pictures.length - written;
  return [
    `${o.out}: ${counted(written, "instance map")} with ${counted(things, "thing")}` +
      (left
        ? `; ${counted(left, "annotated picture")} ${left === 1 ? "has" : "have"} no label map in ${o.label_dir}`
        : ""),
  ];
}
