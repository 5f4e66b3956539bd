// spade-webgpu/element: <spade-canvas>. Importing it defines the element.

import { SpadeCanvas } from "./web/element/spade_canvas.ts";

export { SpadeCanvas };

declare global {
  interface HTMLElementTagNameMap {
    "spade-canvas": SpadeCanvas;
  }
}

const { customElements: elements } = globalThis as { customElements?: CustomElementRegistry };
// Two copies in one page: the first counts.
if (elements && !elements.get("spade-canvas")) elements.define("spade-canvas", SpadeCanvas);
