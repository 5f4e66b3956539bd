// The training-mode forward pass of SEAN's generator as one recording: style codes, tables, power iterations, batch statistics, picture.

import type { ModulateArgs } from "../../../kernels/norm/modulate.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import { semanticNc, type Config } from "../config.ts";
import { normsAt, recordImage, recordNormTables } from "../nets/generator.ts";
import {
  firstValues,
  idsInput,
  idsValue,
  levelInputs,
  levelValues,
  type LevelInputs,
  type LevelValues,
} from "../nets/level_inputs.ts";
import { firstListValues, levelListInputs, levelListValues } from "../nets/level_lists.ts";
import { levelKey, type TableRoom } from "../nets/table_room.ts";
import { planesSeed, seededPlanes } from "../nets/noise.ts";
import { recordStart, trainingLayers, type TrainingPass } from "../nets/training_pass.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { aceNoise, givenPlanes, recordStyled } from "./ace.ts";
import { recordStyles } from "./encoder.ts";
import { codeMapSize, regionInputs, regionValues, styleInputs, styleValues, type StyleInputs } from "./inputs.ts";
import { aceOf, isStyledLevel, spadeOf } from "./net.ts";
import { styleRoom } from "./style_windows.ts";

export interface SeanPassOptions {
  /** [N,H,W,3] in [-1,1]: where the styles come from. */
  photo?: Tensor;
  /** f32 [N*S, style_length]: the styles, where no photo is given. */
  codes?: Tensor;
  gradients?: boolean;
  /** Where the noise comes from: the input "noise", a seed, by default, or an input "noise ACE" for each plane. */
  planes?: "seed" | "given";
}

export interface SeanPass extends TrainingPass {
  /** f32 [N*S, style_length] */
  codes: Tensor;
}

/** Records the pass. Its inputs are those whose values seanInputs returns, and those of `options`. */
export function recordSeanPass(
  g: Graph,
  c: Config,
  p: ParameterStore,
  rooms: readonly TableRoom[],
  images: number,
  { photo, codes: given, gradients = false, planes = "seed" }: SeanPassOptions,
): SeanPass {
  const codes = given ?? recordStyles(g, c, p, photo!, regionInputs(g, c, images, codeMapSize(c)));
  const levels = new Map<string, { room: TableRoom; inputs: LevelInputs; style?: StyleInputs }>();
  const ids = new Map<string, Tensor>();
  const lists = new Map<string, Pick<ModulateArgs, "lists" | "count">>();
  for (const room of rooms) {
    const key = levelKey(room.h, room.w);
    const inputs = levelInputs(g, c, room, images);
    const style = isStyledLevel(c, room)
      ? styleInputs(g, room, styleRoom(c, room, images), images, gradients)
      : undefined;
    if (gradients) {
      inputs.lists = levelListInputs(g, c, room, images, { pixels: !style });
      lists.set(key, { lists: (style?.lists ?? inputs.lists).pixels, count: style?.room.pairs ?? room.outer });
    }
    ids.set(key, idsInput(g, room, images));
    for (const name of normsAt(c, room)) levels.set(name, { room, inputs, style });
  }
  const out = new Map<string, Tensor>();
  const tables: Tensor[] = [];
  const styleTables: Tensor[] = [];
  const layers = trainingLayers(g, c, p, {
    noise: aceNoise(g, p, planes === "seed" ? seededPlanes(g) : givenPlanes),
    table(norm) {
      const { room, inputs, style } = levels.get(norm)!;
      const spade = recordNormTables(g, c, p, spadeOf(norm), room, inputs);
      tables.push(spade.gamma, spade.beta);
      if (!style) return spade;
      const made = recordStyled(g, c, p, norm, codes, spade, style, styleTables);
      styleTables.push(made.gamma, made.beta);
      return made;
    },
    ids: (h, w) => ids.get(levelKey(h, w))!,
    lists: (h, w) => lists.get(levelKey(h, w)) ?? {},
    norm: { kind: "batch", synced: true },
    key: aceOf,
  });
  const start = recordStart(g, c, p, images, { gradients });
  const image = recordImage(g, c, layers, start, (name, y) => out.set(name, y));
  return { image, blocks: out, tables, styleTables, codes };
}

/** Values of recordSeanPass's inputs but for those of its options. `noise`: the seed of planes; undefined: they are given. */
export function seanInputs(
  c: Config,
  rooms: readonly TableRoom[],
  windows: readonly LevelWindows[],
  { gradients = false, noise, encoded = true }: { gradients?: boolean; noise?: number; encoded?: boolean } = {},
): LevelValues {
  const out: LevelValues = { inputs: noise === undefined ? {} : planesSeed(noise), counts: {} };
  const { h, w } = codeMapSize(c);
  rooms.forEach((room, i) => {
    const lw = windows[i];
    const level = levelValues(room, lw);
    Object.assign(out.inputs, level.inputs);
    Object.assign(out.counts, level.counts);
    const styled = isStyledLevel(c, room);
    if (styled) {
      const style = styleValues(c, room, lw, gradients);
      Object.assign(out.inputs, style.inputs);
      Object.assign(out.counts, style.counts);
    } else Object.assign(out.inputs, idsValue(room, lw));
    if (gradients) Object.assign(out.inputs, levelListValues(c, room, lw, undefined, { pixels: !styled }));
    if (encoded && room.h === h && room.w === w) Object.assign(out.inputs, regionValues(c, lw));
  });
  const first = firstValues(windows[0]);
  Object.assign(out.inputs, first, gradients ? firstListValues(c, first.windows) : {});
  return out;
}

/** Keys of fc_mu of the labels and ACEs that a batch reaches: torch gives those of others no gradient. */
export function reached(c: Config, windows: readonly LevelWindows[]): Set<string> {
  const out = new Set<string>();
  for (const lw of windows) {
    if (!isStyledLevel(c, lw)) continue;
    const shown = new Set<number>();
    for (const code of lw.codes) {
      shown.add(code >> 1);
      if (!c.no_instance && (code & 1) === 1) shown.add(semanticNc(c) - 1);
    }
    for (const norm of normsAt(c, lw))
      for (const j of shown) for (const part of ["weight", "bias"]) out.add(`${aceOf(norm)}.fc_mu${j}.${part}`);
  }
  return out;
}
