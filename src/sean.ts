// spade-webgpu/pix2pixhd, /clade and /sean: the page's entry that paints with every generator. Its API is that of index.ts; scripts/build.mjs
// leaves the others' generators out of that one alone.

export * from "./index.ts";
