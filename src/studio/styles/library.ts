// The styles of a net: its presets, throws of the dice, styles of photos, and a mix of two.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { isSameStyle } from "../net/same.ts";
import type { StyleSpace } from "../net/session.ts";
import type { Feed, Regions } from "./regions.ts";

export type StyleKind = "preset" | "dice" | "photo";

export interface StyleEntry {
  /** Stays the same over reloads. */
  readonly id: string;
  /** For people; a person may give another. */
  readonly name: string;
  readonly kind: StyleKind;
  readonly z: Float32Array;
  /** A person has named it, so it is not thrown away. */
  readonly named?: boolean;
}

/** Throws of the dice that are kept. */
export const THROWS = 8;

/** What a person keeps over reloads. */
export interface StoredStyles {
  readonly own: readonly { id: string; name: string; kind: StyleKind; z: number[]; named?: boolean }[];
  readonly chosen: string;
  readonly second?: string;
  readonly mix: number;
  /** Of a net with a style for each region: what feeds its labels. */
  readonly feeds?: ReadonlyMap<number, Feed>;
  /** What a picture or a link brought, before the net was open. */
  readonly wanted?: { readonly name: string; readonly z: readonly number[] };
}

const NOTHING: StoredStyles = { own: [], chosen: "", mix: 0.5 };

export class StyleLibrary {
  /** Numbers of a style; 0: the net has no styles. */
  private dim = 0;
  /** What is to come back when the net is open; undefined: it is. */
  private kept: StoredStyles | undefined = NOTHING;
  private readonly presets = signal<readonly StyleEntry[]>([]);
  /** Thrown, made of photos, or named. The oldest first. */
  private readonly own = signal<readonly StyleEntry[]>([]);
  readonly chosen = signal("");
  /** The style that is mixed with the chosen one. */
  readonly second = signal<string | undefined>(undefined);
  /** 0: the chosen one, 1: the second. */
  readonly mix = signal(0.5);
  /** Under the pointer: the picture shows it meanwhile. */
  readonly hovered = signal<string | undefined>(undefined);
  readonly all: ReadonlySignal<readonly StyleEntry[]> = computed(() => [...this.presets.value, ...this.own.value]);
  /** The style that the picture has; undefined for nets without styles. */
  readonly current: ReadonlySignal<Float32Array | undefined> = computed(() => {
    const hovered = this.find(this.hovered.value);
    return (this.regions.value ? this.mixed(hovered) : hovered?.z) ?? this.taken.value;
  });
  /** The chosen style, mixed with the second; without the one under the pointer. */
  readonly taken: ReadonlySignal<Float32Array | undefined> = computed(() => {
    const [a, b] = [this.find(this.chosen.value), this.find(this.second.value)];
    if (!a || !b) return this.mixed() ?? a?.z;
    const t = this.mix.value;
    return a.z.map((v, i) => v + t * (b.z[i] - v));
  });

  /** Of a net with a style for each region. */
  readonly regions = signal<Regions | undefined>(undefined);

  /** The chosen style, in which labels are fed by others. @param hovered shown as if it were taken */
  private mixed(hovered?: StyleEntry): Float32Array | undefined {
    const base = this.find(this.chosen.value)?.z;
    return base && this.regions.value?.z(base, (id) => this.find(id), hovered);
  }

  /** There is no net: none has styles until one is open. @param kept what a person has kept of the next one */
  close(kept: StoredStyles = NOTHING): void {
    this.dim = 0;
    this.kept = kept;
    this.presets.value = [];
    this.own.value = [];
    this.regions.value = this.second.value = undefined;
    this.hovered.value = undefined;
  }

  /**
   * The styles of a net; presets that look alike are left out, and a net without presets has its mean. Of the net that is open already, whose
   * GPU was lost, all stay.
   * @param style null: the net has no styles
   * @param first name of the preset that is chosen at first; the first of all where it is left out or missing
   */
  open(style: StyleSpace | null, first?: string): void {
    const { own, chosen, second, mix, feeds, wanted } = this.stored();
    this.kept = undefined;
    this.dim = style?.dim ?? 0;
    const mean = style ? [{ name: "mean", style: new Float32Array(style.dim) }] : [];
    const entries = distinct(style?.presets.length ? style.presets : mean).map(({ name, style }) => ({
      id: `preset ${name}`,
      name,
      kind: "preset" as const,
      z: style,
    }));
    this.presets.value = entries;
    this.own.value = own
      .filter(({ z }) => z.length === this.dim)
      .map(({ z, ...rest }) => ({ ...rest, z: Float32Array.from(z) }));
    const known = (id: string | undefined): boolean => this.find(id) !== undefined;
    const begin = entries.find(({ name }) => name === first) ?? entries.at(0);
    this.chosen.value = known(chosen) ? chosen : (begin?.id ?? "");
    this.second.value = known(second) ? second : undefined;
    this.mix.value = mix;
    this.regions.value = style?.regions;
    if (feeds && style?.regions) style.regions.feeds.value = feeds;
    this.hovered.value = undefined;
    if (wanted) this.take(wanted.name, Float32Array.from(wanted.z));
  }

  find(id: string | undefined): StyleEntry | undefined {
    return id === undefined ? undefined : this.all.value.find((entry) => entry.id === id);
  }

  /** Takes a style, alone. */
  choose(id: string): void {
    this.second.value = undefined;
    this.hovered.value = undefined;
    if (this.regions.value) this.regions.value.feeds.value = new Map();
    this.chosen.value = id;
  }

  /** Mixes a style with the chosen one; the one that is mixed already is let go. */
  mixWith(id: string): void {
    this.hovered.value = undefined;
    this.second.value = id === this.chosen.value || id === this.second.value ? undefined : id;
  }

  /** Adds a style and chooses it. */
  add(entry: Omit<StyleEntry, "id">): void {
    this.choose(this.keep(entry).id);
  }

  /** Adds a style. Of those that the dice threw, the last eight stay, and those with a name. */
  keep(entry: Omit<StyleEntry, "id">): StyleEntry {
    const added = { ...entry, id: `own ${crypto.randomUUID()}` };
    const own = [...this.own.value, added];
    const thrown = own.filter(({ kind, named }) => kind === "dice" && !named);
    const gone = new Set(thrown.slice(0, Math.max(0, thrown.length - THROWS)));
    this.own.value = own.filter((other) => !gone.has(other));
    if (!this.find(this.second.value)) this.second.value = undefined;
    return added;
  }

  /** Takes a style that is none of these yet, as a picture or a link brings it; an equal one is chosen. */
  take(name: string, z: Float32Array): void {
    if (this.kept) {
      this.kept = { ...this.kept, wanted: { name, z: [...z] } };
      return;
    }
    if (z.length !== this.dim) return;
    const same = this.all.value.find((entry) => isSameStyle(entry.z, z));
    if (same) this.choose(same.id);
    else this.add({ name, kind: "photo", z });
  }

  rename(id: string, name: string): void {
    this.own.value = this.own.value.map((entry) => (entry.id === id ? { ...entry, name, named: true } : entry));
  }

  remove(id: string): void {
    this.own.value = this.own.value.filter((entry) => entry.id !== id);
    if (this.second.value === id) this.second.value = undefined;
    if (this.chosen.value === id) this.choose(this.all.value.at(0)?.id ?? "");
  }

  /** A throw of the dice: normally distributed, as the net's styles are. @param nameOf the nth throw */
  roll(nameOf: (n: number) => string): void {
    const own = this.own.value;
    let n = own.filter(({ kind }) => kind === "dice").length + 1;
    while (own.some(({ name }) => name === nameOf(n))) n++;
    // A region's code is no normal value.
    if (this.dim && !this.regions.value) this.add({ name: nameOf(n), kind: "dice", z: normal(this.dim) });
  }

  stored(): StoredStyles {
    if (this.kept) return this.kept;
    return {
      own: this.own.value.map(({ z, ...rest }) => ({ ...rest, z: [...z] })),
      chosen: this.chosen.value,
      second: this.second.value,
      mix: this.mix.value,
      feeds: this.regions.value?.feeds.value,
    };
  }
}

/** Two styles that are nearer than this share of the presets' spread look alike. */
const ALIKE = 0.05;

/** Presets without doubles; the first of two stays. */
function distinct<P extends { style: Float32Array }>(presets: readonly P[]): P[] {
  const distance = (a: Float32Array, b: Float32Array): number =>
    Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0));
  const spread = Math.max(0, ...presets.map(({ style }) => distance(style, presets[0].style)));
  const kept: P[] = [];
  for (const preset of presets)
    if (kept.every((other) => distance(other.style, preset.style) > ALIKE * spread)) kept.push(preset);
  return kept;
}

/** Standard normal values (Box and Muller 1958). */
function normal(n: number): Float32Array {
  const uniform = crypto.getRandomValues(new Uint32Array(2 * n));
  return Float32Array.from({ length: n }, (_, i) => {
    const [u, v] = [(uniform[2 * i] + 1) / 2 ** 32, uniform[2 * i + 1] / 2 ** 32];
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  });
}
