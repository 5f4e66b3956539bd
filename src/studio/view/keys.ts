// The keys of the map. What it does not know is left to others.

import { LARGEST, SMALLEST, type Tool } from "../settings.ts";
import { texts } from "../texts.ts";
import type { MapControls } from "./controls.ts";

const TOOLS: Readonly<Record<string, Tool>> = { b: "brush", g: "fill", l: "line", u: "rectangle", i: "picker" };
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};
/** Pixels of an arrow, and sizes of [ and ], with Shift. */
const FAR = 8;
/** A key that is held as long, in milliseconds, or while a stroke is made, chooses its tool only until it is let go. */
const TAP = 300;

/** What these functions read of a KeyboardEvent. */
export type Key = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "repeat"> & {
  readonly timeStamp: number;
};

/** The letter on the key in the user's layout; of layouts without Latin letters, where it would be in the American one. */
const nameOf = ({ key, code }: Key): string => (/^[ -~]+$/.test(key) ? key : code.replace("Key", "")).toLowerCase();

export class Keys {
  private tool?: { key: string; before: Tool; since: number; strokes: number };
  /** The key that began the stroke under way. */
  private stroke?: { key: string; x: number; y: number };
  /** What was typed of a label's name after a slash. */
  private typed?: string;

  constructor(private readonly controls: MapControls) {}

  /** @returns whether the key did something */
  down(event: Key): boolean {
    const { controls } = this;
    const { hand, settings, viewport } = controls;
    this.modifiers(event);
    // Else Alt would open the browser's menu.
    if (event.key === "Alt") return true;
    const key = nameOf(event);
    // Some layouts write them with AltGr, which counts as Ctrl and Alt.
    if (key === "[" || key === "{") return this.resize(event.shiftKey ? -FAR : -1);
    if (key === "]" || key === "}") return this.resize(event.shiftKey ? FAR : 1);
    if (event.altKey) return false;
    if (event.ctrlKey || event.metaKey) return this.command(key, event.shiftKey);
    if (this.typed !== undefined) return this.name(event.key);
    if (key === "/") {
      this.typed = "";
      controls.said.value = texts.labels.search;
      return true;
    }
    if (key === " " || key === "enter") return event.repeat || this.press(key);
    if (key === "escape") return this.cancel();
    if (Object.hasOwn(ARROWS, key)) return this.step(ARROWS[key], event.shiftKey ? FAR : 1);
    if (Object.hasOwn(TOOLS, key)) return event.repeat || this.take(key, event.timeStamp);
    // On French keyboards digits need Shift.
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    if (digit) return this.takeLabel(controls.options.labels.value[(Number(digit) + 9) % 10]?.id);
    if (key === "x") return this.takeLabel(settings.lastLabel.value);
    const at = hand.at.value && viewport.toWindow(hand.at.value);
    if (key === "+" || key === "=") viewport.zoomStep(1, at);
    else if (key === "-") viewport.zoomStep(-1, at);
    else if (key === "home") viewport.reset();
    else return false;
    return true;
  }

  /** @returns whether the key did something */
  up(event: Key): boolean {
    const { hand, panning, settings } = this.controls;
    this.modifiers(event);
    const key = nameOf(event);
    if (key === " ") panning.value = false;
    if (this.tool?.key === key) {
      const { before, since, strokes } = this.tool;
      if (event.timeStamp - since > TAP || hand.strokes > strokes) settings.tool.value = before;
      this.tool = undefined;
    }
    if (this.stroke?.key === key) {
      const { x, y } = hand.at.value ?? this.stroke;
      const tapped = x === this.stroke.x && y === this.stroke.y;
      // A line or rectangle whose key was only tapped stays open for arrows, until the next tap.
      if (!tapped || !["line", "rectangle"].includes(hand.tool.value)) hand.end();
      this.stroke = undefined;
    }
    return key === " " || event.key === "Alt";
  }

  /** The map has lost the focus: keys that are held now will not be seen going up. */
  leave(): void {
    const { hand, byKeys, panning } = this.controls;
    if (this.tool) this.controls.settings.tool.value = this.tool.before;
    this.tool = this.typed = undefined;
    hand.shift.value = hand.alt.value = panning.value = false;
    if (byKeys.value) {
      hand.end();
      hand.at.value = undefined;
    }
    this.stroke = undefined;
    byKeys.value = false;
  }

  private modifiers({ shiftKey, altKey }: Key): void {
    const { hand } = this.controls;
    hand.shift.value = shiftKey;
    hand.alt.value = altKey;
  }

  private command(key: string, shift: boolean): boolean {
    const { hand, options, readOnly, said } = this.controls;
    const redo = key === "y" || (key === "z" && shift);
    if ((key !== "z" && !redo) || readOnly.value) return false;
    if (hand.drawing.value) return this.cancel();
    if (redo) options.doc.value.redo();
    else options.doc.value.undo();
    said.value = redo ? texts.view.redone : texts.view.undone;
    return true;
  }

  private cancel(): boolean {
    if (!this.controls.hand.cancel()) return false;
    this.controls.said.value = texts.view.canceled;
    return true;
  }

  private resize(by: number): boolean {
    const { settings, said } = this.controls;
    settings.size.value = Math.min(Math.max(settings.size.value + by, SMALLEST), LARGEST);
    said.value = texts.view.size(settings.size.value);
    return true;
  }

  private take(key: string, timeStamp: number): boolean {
    const { hand, settings, said } = this.controls;
    this.tool = { key, before: settings.tool.value, since: timeStamp, strokes: hand.strokes };
    settings.tool.value = TOOLS[key];
    said.value = texts.tools[TOOLS[key]];
    return true;
  }

  private takeLabel(id: number | undefined): boolean {
    const label = this.controls.label(id);
    if (!label) return false;
    this.controls.settings.take(label.id);
    this.controls.said.value = label.name;
    return true;
  }

  /** A key of a label's name: takes the first label that begins so, or has a word that does. Enter, Escape and others end the name. */
  private name(key: string): boolean {
    const { options, said } = this.controls;
    if (key === "Backspace") this.typed = this.typed!.slice(0, -1);
    else if (key.length === 1) this.typed += key.toLowerCase();
    else {
      // Of Shift, the letter is yet to come.
      if (key !== "Shift") this.typed = undefined;
      return key !== "Tab";
    }
    const places = options.labels.value.map(({ id, name }) => ({
      id,
      at: ` ${name.toLowerCase()}`.indexOf(` ${this.typed}`),
    }));
    const found = places.find(({ at }) => at === 0) ?? places.find(({ at }) => at > 0);
    if (!found) said.value = texts.labels.none;
    else if (this.typed) this.takeLabel(found.id);
    return true;
  }

  /** Moves the brush by keys; where there is none yet, it appears in the middle. */
  private step([dx, dy]: readonly [number, number], far: number): boolean {
    const { hand, options, viewport, byKeys, byTouch } = this.controls;
    const { width, height } = options.doc.value;
    const inside = (value: number, size: number): number => Math.min(Math.max(Math.floor(value), 0), size - 1) + 0.5;
    const { x, y } = hand.at.value ?? viewport.toMap(viewport.middle());
    const at = { x: inside(x + dx * far, width), y: inside(y + dy * far, height) };
    byKeys.value = true;
    byTouch.value = false;
    hand.move(at);
    viewport.reveal(at);
    this.controls.sayPlace();
    return true;
  }

  /** Space or Enter. Space moves the map where a pointer leads the hand. */
  private press(key: string): boolean {
    const { hand, panning, byKeys } = this.controls;
    if (key === " " && !byKeys.value && hand.at.value) {
      panning.value = !hand.drawing.value;
      return true;
    }
    if (hand.drawing.value) hand.end();
    else {
      this.step([0, 0], 0);
      this.stroke = { key, ...hand.at.value! };
      hand.begin(hand.at.value!);
    }
    return true;
  }
}

/** Keys with a meaning of their own on a focused control or for the page; the map has them only while it has the focus. */
const OTHERS = [" ", "Enter", "Escape", "Tab", "Alt", ...["Left", "Right", "Up", "Down"].map((way) => `Arrow${way}`)];

/** Whether a key that was pressed outside the map is the map's. */
function isForMap({ key, target, ctrlKey, metaKey, altKey, defaultPrevented }: KeyboardEvent): boolean {
  // AltGr is Ctrl and Alt.
  if (defaultPrevented || OTHERS.includes(key) || metaKey || ctrlKey !== altKey) return false;
  if (!(target instanceof Element)) return true;
  if (target.closest("select, textarea, dialog, [contenteditable]") || document.querySelector("dialog[open]"))
    return false;
  if (!(target instanceof HTMLInputElement)) return true;
  return target.type === "checkbox" || (target.type === "range" && key !== "Home");
}

/** Gives the keys of an element to the map's controls, and of the page those that no other element needs. */
export function listenToKeys(root: HTMLElement, controls: MapControls, signal: AbortSignal): void {
  const keys = new Keys(controls);
  const handled = (act: (event: KeyboardEvent) => boolean) => (event: KeyboardEvent) => {
    if (!act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const outside = (event: Event): boolean => !root.contains(event.target as Node);
  addEventListener(
    "keydown",
    (event) => {
      if (!outside(event) || !isForMap(event)) return;
      // The letters of a name follow.
      if (event.key === "/") root.focus({ preventScroll: true });
      if (keys.down(event)) event.preventDefault();
    },
    { signal },
  );
  addEventListener("keyup", (event) => outside(event) && keys.up(event), { signal });
  addEventListener("blur", () => keys.leave(), { signal });
  root.addEventListener(
    "keydown",
    handled((event) => keys.down(event)),
    { signal },
  );
  root.addEventListener(
    "keyup",
    handled((event) => keys.up(event)),
    { signal },
  );
  root.addEventListener("blur", () => keys.leave(), { signal });
}
