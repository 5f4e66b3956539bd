// A page with a MapView and nothing else. What a test needs of it is in window.studio.

import { computed, signal } from "@preact/signals";
import { h, render } from "preact";
import type { LabelInfo } from "../../../src/index.ts";
import { MapDocument } from "../../../src/studio/map/document.ts";
import { Settings } from "../../../src/studio/settings.ts";
import { MapControls, MapView } from "../../../src/studio/view/map_view.tsx";

/** Sky above, from row 16 on road; a tree of 4 x 4 pixels at 4, 4 and a house at 20, 4. */
function begun(width: number, height: number): Uint8Array {
  const ids = new Uint8Array(width * height).fill(0, 0, 16 * width).fill(1, 16 * width);
  for (let y = 4; y < 8; y++) {
    ids.fill(2, y * width + 4, y * width + 8);
    ids.fill(3, y * width + 20, y * width + 24);
  }
  return ids;
}

const labels: LabelInfo[] = [
  { id: 0, name: "Sky", color: "#80c0ff" },
  { id: 1, name: "Road", color: "#404040" },
  { id: 2, name: "Tree", color: "#00a000" },
  { id: 3, name: "House", color: "#a04020" },
];

function start(width = 32, height = 24, size = 10) {
  const scale = signal(size);
  const doc = signal(new MapDocument(width, height, begun(width, height)));
  const settings = new Settings();
  const photo = signal<ImageBitmap | undefined>(undefined);
  const photoOpacity = signal(0);
  const readOnly = signal(false);
  const controls = new MapControls({
    doc,
    settings,
    labels: signal(labels),
    scale,
    photo,
    photoOpacity,
    readOnly,
  });
  const shown = signal(true);
  const view = computed(() => (shown.value ? h(MapView, { controls }) : null));
  const App = () => view.value;
  render(h(App, {}), document.getElementById("app")!);
  return { doc, settings, controls, photo, photoOpacity, readOnly, scale, shown, MapDocument };
}

declare global {
  interface Window {
    studio: ReturnType<typeof start>;
    start(width?: number, height?: number, size?: number): void;
  }
}
window.start = (...sizes) => {
  window.studio = start(...sizes);
};
