// What the page's buttons, drops and keys do. What few people use at once is loaded when it is used.

import { signal } from "@preact/signals";
import type { Site } from "../files/site.ts";
import { failureOf } from "../net/failure.ts";
import { emptyMap, fits, type Net } from "../net/net.ts";
import type { Opening } from "./maps.ts";
import type { Question } from "./question.ts";
import { startIds, startsOf } from "../starts/starts.ts";
import type { Studio } from "../studio.ts";
import type { StoredStyles } from "../styles/library.ts";
import { texts } from "../texts.ts";

/** What a net leaves when another is opened. */
interface Left {
  readonly ids: Uint8Array;
  readonly styles?: StoredStyles;
}

export class Actions {
  readonly question = signal<Question | undefined>(undefined);
  /** A file is dragged over the page. */
  readonly dragging = signal(false);
  /** Maps of the nets that are not open, with their styles. */
  readonly others = new Map<string, Left>();
  /** Nets that were dropped on the page. */
  private readonly dropped = signal<readonly Net[]>([]);

  constructor(
    readonly studio: Studio,
    readonly site: Site,
  ) {}

  /** All that can be chosen, with names for people. */
  get nets(): readonly { id: string; name: string }[] {
    const names: Readonly<Record<string, string>> = texts.nets;
    return this.known.map(({ id }) => ({ id, name: names[id] ?? id }));
  }

  get known(): readonly Net[] {
    return [...this.site.nets, ...this.dropped.value];
  }

  /** Photos can be labelled here. */
  get labels(): boolean {
    return this.site.segmenter !== null;
  }

  async choose(id: string): Promise<void> {
    const net = this.known.find((other) => other.id === id);
    if (net && id !== this.studio.net.value.id) await this.begin(net);
  }

  /** Opens a net with the map that was painted with it, else its first start map, or an empty map if it has none. */
  async begin(net: Net): Promise<void> {
    this.leave();
    const start = startsOf(net.id).at(0);
    if (this.leftOf(net) || !start) this.open({ net });
    else this.open({ net, ids: await startIds(start), poster: start.poster });
  }

  /** Keeps the map of the open net for later. */
  private leave(): void {
    const { net, doc, styles } = this.studio;
    if (net.value) this.others.set(net.value.id, { ids: doc.value.ids, styles: styles.stored() });
  }

  private leftOf(net: Net): Left | undefined {
    const left = this.others.get(net.id);
    return left && fits(net, left.ids) ? left : undefined;
  }

  /** Opens a net. The map that was painted with it before is there, one step of undo away if another is to be shown. */
  open({ net, ids, poster }: Opening): void {
    this.leave();
    const { studio } = this;
    const left = this.leftOf(net);
    if (left) this.others.delete(net.id);
    studio.open({ net, ids: ids ?? emptyMap(net), poster, ...left });
    if (left && ids) studio.doc.value.replace(ids);
  }

  /** Opens what a link holds, if it is one of ours. @param hash the address's fragment */
  async openLink(hash: string): Promise<void> {
    await (await import("./maps.ts")).openLink(hash, this);
  }

  /** Lets the person choose files. */
  chooseFiles(accept: string, use: (file: File) => Promise<void>): void {
    const input = Object.assign(document.createElement("input"), { type: "file", accept });
    input.addEventListener("change", () => {
      const file = input.files?.item(0);
      if (file) this.quietly(use(file));
    });
    input.click();
  }

  openFiles(): void {
    this.chooseFiles("image/*,.safetensors,.pth", (file) => this.openFile(file));
  }

  async openFile(file: File): Promise<void> {
    const { openFile } = await import("./opening.ts");
    await openFile(file, this);
  }

  /** Adds a net that was dropped, and opens it. */
  async add(net: Net): Promise<void> {
    // Many nets are called latest_net_G.pth.
    const isOther = this.known.some(({ id, sha256 }) => id === net.id && sha256 !== net.sha256);
    const added = isOther ? { ...net, id: `${net.id} ${net.sha256.slice(0, 8)}` } : net;
    this.dropped.value = [...this.dropped.value.filter(({ id }) => id !== added.id), added];
    await this.begin(added);
  }

  fromPhoto(): void {
    this.chooseFiles("image/*", async (photo) => void (this.question.value = { kind: "photo", photo }));
  }

  /** The map of a photo; there is a net for it. */
  async mapOf(photo: File): Promise<void> {
    await (await import("./photos.ts")).mapOf(photo, this.studio, this.site.segmenter!.weights);
  }

  async styleOf(photo: File): Promise<void> {
    await (await import("./photos.ts")).styleOf(photo, this.studio, this.site.segmenter?.weights);
  }

  styleOfPhoto(): void {
    this.chooseFiles("image/*", async (photo) => this.styleOf(photo));
  }

  saveMap(): void {
    this.quietly(import("./saving.ts").then(({ saveMap }) => saveMap(this.studio)));
  }

  copyLink(): void {
    this.quietly(
      import("./saving.ts").then(async ({ copyLink }) => {
        const link = await copyLink(this.studio);
        if (link) this.question.value = { kind: "link", link };
      }),
    );
  }

  /** Saves the picture as it is. */
  savePicture(scale: 1 | 2 | 4 = 1): void {
    this.question.value = undefined;
    this.quietly(import("./saving.ts").then(({ savePicture }) => savePicture(this.studio, scale)));
  }

  saveSheet(): void {
    this.question.value = undefined;
    this.quietly(import("./saving.ts").then(({ saveSheet }) => saveSheet(this.studio)));
  }

  /** An error is said in words. */
  quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const { problem, fix } = failureOf(error);
      this.studio.say(texts.said.failed(problem, fix));
    });
  }
}
