// What the page's buttons do with files, nets and photos.

import { signal } from "@preact/signals";
import type { Site } from "./files/site.ts";
import type { Net } from "./net/net.ts";
import { startIds, startsOf, type Start } from "./starts/starts.ts";
import type { Studio } from "./studio.ts";
import { texts } from "./texts.ts";

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)];

/** Names of what fills an empty map above and below its middle, the first that the net has. */
const ABOVE = ["sky", "sky-other", "clouds"];
const BELOW = ["sea", "grass", "road"];

function emptyMap({ width, height, labels }: Net): Uint8Array {
  const first = (names: readonly string[], other: number): number =>
    names.map((name) => labels.find((label) => label.name === name)?.id).find((id) => id !== undefined) ?? other;
  const above = first(ABOVE, labels.at(0)?.id ?? 0);
  return new Uint8Array(width * height).fill(above).fill(first(BELOW, above), (height >> 1) * width);
}

export class Actions {
  constructor(
    private readonly studio: Studio,
    private readonly site: Site,
  ) {}

  /** The dialog of start maps is open. */
  readonly choosing = signal(false);

  get nets(): readonly { id: string; name: string }[] {
    const own = this.studio.net.value;
    const names: Readonly<Record<string, string>> = texts.nets;
    const known = this.site.nets.map(({ id }) => ({ id, name: names[id] ?? id }));
    return known.some(({ id }) => id === own.id) ? known : [...known, { id: own.id, name: own.id }];
  }

  get labeler(): boolean {
    return this.site.segmenter !== null;
  }

  choose(id: string): void {
    const found = this.site.nets.find((net) => net.id === id);
    if (!found || id === this.studio.net.value.id) return;
    void this.begin(found);
  }

  /** Opens a net with its first start map, or an empty map if it has none. */
  async begin(net: Net): Promise<void> {
    const start = startsOf(net.id).at(0);
    if (start) this.studio.open({ net, ids: await startIds(start), poster: start.poster });
    else this.studio.open({ net, ids: emptyMap(net) });
  }

  /** The nets of the site for which there are start maps. */
  get startNets(): readonly { id: string; name: string }[] {
    return this.nets.filter(({ id }) => startsOf(id).length);
  }

  starts(): void {
    this.choosing.value = true;
  }

  /** Takes a start map: in one step of undo if its net is the open one. */
  async take(start: Start | undefined): Promise<void> {
    this.choosing.value = false;
    if (!start) return;
    const ids = await startIds(start);
    const { studio } = this;
    if (start.net === studio.net.value.id) studio.doc.value.replace(ids);
    else studio.open({ net: this.site.nets.find(({ id }) => id === start.net)!, ids, poster: start.poster });
  }

  /** Any start map of the site's nets, in any style. */
  async surprise(): Promise<void> {
    const starts = this.startNets.flatMap(({ id }) => startsOf(id));
    const { styles } = this.studio;
    await this.take(pick(starts));
    if (styles.all.value.length) styles.choose(pick(styles.all.value).id);
  }

  /** Sky above, ground below, or whatever the net knows first. */
  empty(): void {
    this.choosing.value = false;
    this.studio.doc.value.replace(emptyMap(this.studio.net.value));
  }

  open(): void {}
  saveMap(): void {}
  copyLink(): void {}
  savePicture(): void {}
  fromPhoto(): void {}
  styleOfPhoto(): void {}
}
