// Mouse, pen and fingers over the map.

import type { Place } from "../map/stamp.ts";
import type { MapControls } from "./controls.ts";

/** A second finger that comes as soon after the first, in milliseconds, zooms; later ones are ignored. */
const TOGETHER = 150;
/** A notch of a wheel is 100 or 120 pixels; touchpads send many small parts of one. */
const NOTCH = 60;
/** What a line of a wheel that counts lines is in pixels, and what a pixel of a pinch on a touchpad is in those of a wheel. */
const LINE = 40;
const PINCH = 5;

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;

type Mode = "paint" | "pan" | "pinch";

/** Only pens have a pressure worth the name. */
const pressureOf = ({ pointerType, pressure }: PointerEvent): number | undefined =>
  pointerType === "pen" ? pressure : undefined;

/** Listens on the element of the map until `signal` is aborted. */
export function listen(root: HTMLElement, controls: MapControls, signal: AbortSignal): void {
  const { hand, viewport, byKeys, byTouch, panning } = controls;
  let mode: Mode | undefined;
  /** The pointer that paints or pans. */
  let active: number | undefined;
  let began = 0;
  let before: Place = { x: 0, y: 0 };
  let wheel = 0;
  const fingers = new Map<number, Place>();

  const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void): void =>
    root.addEventListener(type, act, { signal, passive: false });

  const placesOf = (events: readonly MouseEvent[]): Place[] => {
    const { left, top } = root.getBoundingClientRect();
    return events.map(({ clientX, clientY }) => ({ x: clientX - left, y: clientY - top }));
  };
  const placeOf = (event: MouseEvent): Place => placesOf([event])[0];

  const modifiers = ({ shiftKey, altKey }: MouseEvent): void => {
    hand.shift.value = shiftKey;
    hand.alt.value = altKey;
  };

  const pinch = (id: number, to: Place): void => {
    const [a, b] = [...fingers.values()];
    if (!b) return;
    fingers.set(id, to);
    const [c, d] = [...fingers.values()];
    const distance = (p: Place, q: Place): number => Math.max(Math.hypot(p.x - q.x, p.y - q.y), 1);
    const middle = (p: Place, q: Place): Place => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
    const [from, now] = [middle(a, b), middle(c, d)];
    viewport.zoomTo((viewport.zoom.value * distance(c, d)) / distance(a, b), from);
    viewport.pan(now.x - from.x, now.y - from.y);
  };

  const finish = (event: PointerEvent, canceled: boolean): void => {
    fingers.delete(event.pointerId);
    if (mode === "pinch" && !fingers.size) mode = undefined;
    if (mode === "pinch" || event.pointerId !== active) return;
    if (mode === "paint" && canceled) hand.cancel();
    else if (mode === "paint") hand.end();
    mode = active = undefined;
    if (event.pointerType === "touch") hand.at.value = undefined;
  };

  // Else the middle button would scroll.
  on("mousedown", (event) => {
    if (event.button === MIDDLE) event.preventDefault();
  });
  on("contextmenu", (event) => event.preventDefault());

  on("pointerdown", (event) => {
    const { button, pointerId, pointerType, timeStamp } = event;
    const at = placeOf(event);
    // A mouse gives the focus of itself, and then the browser knows that it needs no ring.
    if (pointerType !== "mouse" || button === MIDDLE) root.focus({ preventScroll: true });
    modifiers(event);
    if (pointerType === "touch") fingers.set(pointerId, at);
    if (mode === "paint" && fingers.has(active!) && fingers.size === 2 && timeStamp - began <= TOGETHER) {
      hand.cancel();
      hand.at.value = undefined;
      mode = "pinch";
    }
    if (mode || ![LEFT, MIDDLE, RIGHT].includes(button)) return;
    byKeys.value = false;
    byTouch.value = pointerType === "touch";
    root.setPointerCapture(pointerId);
    [active, began, before] = [pointerId, timeStamp, at];
    mode = button === MIDDLE || panning.value ? "pan" : "paint";
    if (mode === "paint") hand.begin(viewport.toMap(at), pressureOf(event), button === RIGHT ? "picker" : undefined);
  });

  on("pointermove", (event) => {
    const { pointerId, pointerType } = event;
    modifiers(event);
    if (mode === "pinch") {
      if (fingers.has(pointerId)) pinch(pointerId, placeOf(event));
    } else if (mode && pointerId === active) {
      // Pages without https lack it in some browsers.
      const parts = event.getCoalescedEvents?.();
      const events = parts?.length ? parts : [event];
      placesOf(events).forEach((at, i) => {
        if (mode === "pan") viewport.pan(at.x - before.x, at.y - before.y);
        hand.move(viewport.toMap(at), pressureOf(events[i]));
        before = at;
      });
      if (fingers.has(pointerId)) fingers.set(pointerId, before);
    } else if (!mode && pointerType !== "touch" && !hand.drawing.value) {
      byKeys.value = byTouch.value = false;
      hand.move(viewport.toMap(placeOf(event)));
    }
  });

  on("pointerup", (event) => finish(event, false));
  on("pointercancel", (event) => finish(event, true));
  on("lostpointercapture", (event) => finish(event, false));
  on("pointerleave", () => {
    if (!mode && !byKeys.value) hand.at.value = undefined;
  });

  on("wheel", (event) => {
    // Where there is nothing to shrink the page scrolls.
    if (viewport.zoom.value === 1 && event.deltaY > 0) return;
    event.preventDefault();
    const at = placeOf(event);
    wheel += event.deltaY * (event.ctrlKey ? PINCH : event.deltaMode ? LINE : 1);
    if (Math.abs(wheel) < NOTCH) return;
    viewport.zoomStep(-Math.sign(wheel), at);
    wheel = 0;
    if (!hand.drawing.value) hand.move(viewport.toMap(at));
  });
}
