// What the page's buttons do with files, nets and photos.

import type { Site } from "./files/site.ts";
import { siteNet, type Net } from "./net/net.ts";
import type { Studio } from "./studio.ts";
import { texts } from "./texts.ts";

export class Actions {
  constructor(
    private readonly studio: Studio,
    private readonly site: Site,
    private readonly startOf: (net: Net) => Uint8Array,
  ) {}

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
    const net = siteNet(found);
    this.studio.open({ net, ids: this.startOf(net) });
  }

  starts(): void {}
  open(): void {}
  saveMap(): void {}
  copyLink(): void {}
  savePicture(): void {}
  fromPhoto(): void {}
  styleOfPhoto(): void {}
}
