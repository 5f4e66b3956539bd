// The stages of SEAN's generator as recordings: SPADE's (../spade_stages.ts), and for each styled resolution, behind its tables,
//   styles WxH     weights, map, style      the tables blended with those of the regions' styles
// The tables of SPADE's branch stay from style to style, those of styles from stroke to stroke where neither changes.

import { blocks } from "../../models/config.ts";
import { kindOf, outputSize } from "../../models/kinds.ts";
import { normsAt, type Layers, type NormTables } from "../../models/nets/generator.ts";
import { levelKey } from "../../models/nets/table_room.ts";
import { planesSeed, seededPlanes } from "../../models/nets/noise.ts";
import { aceNoise, givenPlanes, recordStyled } from "../../models/sean/ace.ts";
import { recordStyles } from "../../models/sean/encoder.ts";
import { codeMapSize, regionInputs, styleInputs } from "../../models/sean/inputs.ts";
import { aceOf, isStyled, isStyledLevel, spadeOf } from "../../models/sean/net.ts";
import { styleRoom } from "../../models/sean/style_windows.ts";
import { Graph, type HostArray } from "../../runtime/index.ts";
import { SpadeStages, type TablesRecording } from "../spade_stages.ts";
import type { Recording } from "../stage.ts";

export interface StyledRecording extends Recording {
  readonly tables: ReadonlyMap<string, NormTables>;
}

export class SeanStages extends SpadeStages {
  private readonly made = new WeakMap<TablesRecording, StyledRecording>();

  protected override labels(norm: string): string {
    return spadeOf(norm);
  }

  protected override statistics(norm: string): string {
    return aceOf(norm);
  }

  protected override running(): boolean {
    return true;
  }

  protected override staysLocal(): boolean {
    // Noise before every norm.
    return false;
  }

  protected override noiseValues(): Readonly<Record<string, HostArray>> {
    return this.options.planes ? {} : planesSeed(this.options.noiseSeed);
  }

  protected override noise(g: Graph): Layers["noise"] {
    return aceNoise(g, this.parameters, this.options.planes ? givenPlanes : seededPlanes(g));
  }

  protected override tablesOf(level: TablesRecording): TablesRecording["tables"] {
    return (this.styled(level) ?? level).tables;
  }

  /** The stage behind a resolution's tables; undefined if styles do not reach that resolution. */
  styled(level: TablesRecording): StyledRecording | undefined {
    if (!isStyledLevel(this.config, level.room)) return undefined;
    let known = this.made.get(level);
    if (!known) this.made.set(level, (known = this.recordStyledLevel(level)));
    return known;
  }

  private recordStyledLevel({ room, tables }: TablesRecording): StyledRecording {
    const { config: c, parameters: p, images } = this;
    const g = new Graph(this.target);
    const { labels, length } = kindOf(c).regions!(c);
    const codes = g.input("style codes", [images * labels, length]);
    const inputs = styleInputs(g, room, styleRoom(c, room, images), images, false);
    const made = new Map<string, NormTables>();
    for (const norm of normsAt(c, room)) {
      const { gamma, beta } = tables.get(norm)!;
      const blended = recordStyled(g, c, p, norm, codes, { gamma: g.import(gamma), beta: g.import(beta) }, inputs);
      g.keep(`${norm}.gamma`, blended.gamma);
      g.keep(`${norm}.beta`, blended.beta);
      made.set(norm, blended);
    }
    return {
      ...{ name: `styles ${levelKey(room.h, room.w)}`, reads: ["weights", "map", "style"], graph: g },
      tables: made,
    };
  }

  /** The style encoder: inputs "photo" and those of its regions, the output "style codes". */
  encoder(): Graph {
    const { config: c, parameters: p, images } = this;
    const g = new Graph(this.target);
    const { h, w } = outputSize(c);
    const regions = regionInputs(g, c, images, codeMapSize(c));
    g.output("style codes", recordStyles(g, c, p, g.input("photo", [images, h, w, 3], p.dtype), regions));
    return g;
  }

  override all(rooms: Parameters<SpadeStages["all"]>[0]): Recording[] {
    const all = super.all(rooms);
    const styled = all.flatMap((r) => ("room" in r ? (this.styled(r as TablesRecording) ?? []) : []));
    return [...all.slice(0, -1), ...styled, all[all.length - 1]];
  }

  override get count(): number {
    return super.count + blocks(this.config).filter(isStyled).length;
  }
}
