// This package, as a page uses it.

import { createSpade } from "/dist/index.js";

export async function open({ model }) {
  const spade = await createSpade({ weights: model });
  return { paint: (map, style) => spade.generate(map, { style }) };
}
