// What is kept of the studio, and how it comes back.

import { effect, untracked } from "@preact/signals";
import type { Actions } from "../actions/actions.ts";
import { fits } from "../net/net.ts";
import { SHAPES } from "../settings.ts";
import type { StoredStyles } from "../styles/library.ts";
import { texts } from "../texts.ts";
import { Autosave } from "./autosave.ts";
import type { Kept } from "./documents.ts";
import { noteVisit } from "./visits.ts";

/** Beside map and styles. */
interface KeptSettings {
  readonly size: number;
  readonly shape: string;
  readonly label: number;
  readonly pixels: boolean;
  /** Maps of the nets that were not open. */
  readonly others: readonly { net: string; ids: Uint8Array; styles?: StoredStyles }[];
}

/** Brings back what was kept, or begins with the first net, and keeps what changes from now on. */
export async function keepWhole(actions: Actions): Promise<void> {
  const { studio } = actions;
  const autosave = new Autosave(() => wholeOf(actions));
  await autosave.open();
  noteVisit();
  const { kept, isCopy } = autosave;
  // On a first visit the page has begun.
  if (studio.net.value) autosave.changed();
  else if (!kept || !restore(actions, kept)) await actions.begin(actions.site.nets[0]);
  else if (isCopy) studio.say(texts.keep.copy);
  effect(() => {
    const { styles, settings } = studio;
    void [studio.doc.value.steps, styles.all, styles.chosen, styles.second, styles.mix].map((s) => s.value);
    void styles.regions.value?.feeds.value;
    void [settings.size, settings.shape, settings.label, studio.pixels].map((s) => s.value);
    untracked(() => autosave.changed());
  });
  effect(() => {
    if (autosave.problem.value) studio.say(autosave.problem.value);
  });
}

function wholeOf({ studio, others }: Actions): Kept {
  const { width, height, id } = studio.net.value;
  const { size, shape, label } = studio.settings;
  const settings: KeptSettings = {
    size: size.value,
    shape: shape.value,
    label: label.value,
    pixels: studio.pixels.value,
    others: [...others].map(([net, left]) => ({ net, ...left })),
  };
  return { net: id, width, height, ids: studio.doc.value.ids, styles: studio.styles.stored(), settings };
}

function restore(actions: Actions, { net: id, width, height, ids, styles, settings }: Kept): boolean {
  const { studio, site } = actions;
  const { size, shape, label, pixels, others } = (settings ?? {}) as Partial<KeptSettings>;
  for (const { net, ...left } of others ?? []) if (left.ids instanceof Uint8Array) actions.others.set(net, left);
  const net = site.nets.find((other) => other.id === id);
  if (!net || net.width !== width || net.height !== height || !fits(net, ids)) {
    actions.others.set(id, { ids, styles: styles as StoredStyles });
    studio.say(texts.keep.otherNet(id));
    return false;
  }
  studio.open({ net, ids, styles: styles as StoredStyles });
  if (typeof size === "number") studio.settings.size.value = size;
  const known = SHAPES.find((name) => name === shape);
  if (known) studio.settings.shape.value = known;
  if (net.labels.some((other) => other.id === label)) studio.settings.label.value = label!;
  studio.pixels.value = pixels === true;
  return true;
}
