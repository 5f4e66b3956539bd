// What the page's buttons, drops and keys do. What few people use at once is loaded when it is used.

import { signal } from "@preact/signals";
import type { Painting } from "../files/code.ts";
import type { Site } from "../files/site.ts";
import { failureOf } from "../net/engine.ts";
import type { Net } from "../net/net.ts";
import type { Question } from "./question.ts";
import { STARTS, startIds, startsOf, type Start } from "../starts/starts.ts";
import type { Beginning, Studio } from "../studio.ts";
import type { StoredStyles } from "../styles/library.ts";
import { texts } from "../texts.ts";

/** What a net leaves when another is opened. */
interface Left {
  readonly ids: Uint8Array;
  readonly styles?: StoredStyles;
}

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

  private get known(): readonly Net[] {
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
    const left = this.others.get(net.id);
    const start = startsOf(net.id).at(0);
    if (left?.ids.length === net.width * net.height) this.open({ net, ...left });
    else if (start) this.open({ net, ids: await startIds(start), poster: start.poster });
    else this.open({ net, ids: emptyMap(net) });
  }

  /** Opens a net; the map of the one that was open is kept for later. */
  private open(beginning: Beginning): void {
    const { studio } = this;
    const net = studio.net.value;
    if (net) this.others.set(net.id, { ids: studio.doc.value.ids, styles: studio.styles.stored() });
    this.others.delete(beginning.net.id);
    studio.open(beginning);
  }

  /** Opens what a link, a saved picture or the last visit holds. @returns whether there is its net */
  async show({ net: id, width, height, ids, style, sha256 }: Painting): Promise<boolean> {
    const { studio } = this;
    const net =
      this.known.find((other) => sha256 !== undefined && other.sha256 === sha256) ??
      this.known.find((other) => other.id === id);
    if (!net || net.width !== width || net.height !== height || ids instanceof Uint16Array) {
      studio.say(texts.said.otherNet(id));
      return false;
    }
    if (studio.net.value?.id === net.id) studio.doc.value.replace(ids);
    else this.open({ net, ids });
    if (style) studio.styles.take(style.name, style.z);
    return true;
  }

  /** Opens what a link holds, if it is one of ours. @param hash the address's fragment */
  async openLink(hash: string): Promise<void> {
    const { readLink } = await import("../files/link.ts");
    const found = await readLink(hash);
    if (!found) return;
    // A reload shows what has been painted since.
    history.replaceState(null, "", location.pathname + location.search);
    if ("error" in found) this.studio.say(found.error);
    else if (await this.show(found)) this.studio.say(texts.said.fromLink);
  }

  /** Takes a start map: in one step of undo if its net is the open one. */
  async take(start: Start): Promise<void> {
    this.question.value = undefined;
    const ids = await startIds(start);
    const { studio } = this;
    if (start.net === studio.net.value.id) return studio.doc.value.replace(ids);
    const net = this.site.nets.find(({ id }) => id === start.net);
    if (net) this.open({ net, ids, poster: start.poster });
  }

  /** Any start map of the site's nets, in any style. */
  async surprise(): Promise<void> {
    const { styles } = this.studio;
    await this.take(pick(STARTS.filter((start) => this.site.nets.some(({ id }) => id === start.net))));
    if (styles.all.value.length) styles.choose(pick(styles.all.value).id);
  }

  empty(): void {
    this.question.value = undefined;
    this.studio.doc.value.replace(emptyMap(this.studio.net.value));
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
    this.dropped.value = [...this.dropped.value.filter(({ id }) => id !== net.id), net];
    await this.begin(net);
  }

  fromPhoto(): void {
    this.chooseFiles("image/*", (photo) => this.mapOf(photo));
  }

  /** The map of a photo; there is a net for it. */
  async mapOf(photo: File): Promise<void> {
    await (await import("./photos.ts")).mapOf(photo, this.studio, this.site.segmenter!.weights);
  }

  styleOfPhoto(): void {
    this.chooseFiles("image/*", async (photo) => (await import("./photos.ts")).styleOf(photo, this.studio));
  }

  saveMap(): void {
    this.quietly(import("./saving.ts").then(({ saveMap }) => saveMap(this.studio)));
  }

  copyLink(): void {
    this.quietly(import("./saving.ts").then(({ copyLink }) => copyLink(this.studio)));
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
