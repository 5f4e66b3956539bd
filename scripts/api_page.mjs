// npm run docs:api: writes docs/api.md from the types of the entries and their comments. `apiPage` returns the text, for the test that
// compares.

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { readEntries } from "./docs/entries.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The last one is Node's form of the first. */
const ENTRIES = [
  ["spade-webgpu", "src/index.ts", "Loads a net and paints label maps, in pages and in Node."],
  [
    "spade-webgpu/labels",
    "src/label_maps.ts",
    "Reads, writes, resizes and colours label maps, and enlarges pictures. Needs no GPU.",
  ],
  ["spade-webgpu/labeler", "src/labeler.ts", "Makes label maps of photos, in pages and in Node."],
  ["spade-webgpu/pth", "src/pth.ts", "Converts checkpoints of PyTorch in a page."],
  ["spade-webgpu/train", "src/train.ts", "Trains nets, in pages and in Node."],
  [
    "spade-webgpu/worker",
    "src/worker.ts",
    "The same `createSpade`, with the net in a worker. `spade-webgpu/worker-engine` is the worker's script, `spade-webgpu/pix2pixhd-engine` the one with all generators.",
  ],
  [
    "spade-webgpu/labeler-worker",
    "src/labeler_worker.ts",
    "The same `createLabeler`, with the net in a worker. `spade-webgpu/labeler-engine` is the worker's script.",
  ],
  ["spade-webgpu/element", "src/element.ts", "Importing it defines the element `<spade-canvas>`."],
  [
    "spade-webgpu/node",
    "src/node.ts",
    "What `spade-webgpu` is in Node: the same API on Dawn; an address may also be a path, and weights a `.pth`.",
  ],
];

const HEAD = `# API

Made from the types by \`npm run docs:api\`; do not edit it here. Times are in ms, sizes in pixels, label ids as in training. How to use it:
[embed.md](embed.md). Errors are \`SpadeError\`s: [errors.md](errors.md) lists their codes. An aborted call throws the \`reason\` of its signal.
`;

/** Exported for this project's own programs: their types are internal. */
const INTERNAL = ["openNodeDevice"];

/** Comments hold plain text; in Markdown < would begin a tag. */
const prose = (text) => text.replace(/<(?=[^`]*(?:`[^`]*`[^`]*)*$)/g, "\\<");

const TAGS = { param: "", returns: "Returns", throws: "Throws" };

function described({ comment }) {
  if (!comment) return "";
  const lines = comment.tags.map(({ tag, name, text }) => {
    if (!(tag in TAGS)) throw new Error(`@${tag} is not shown on the page`);
    return tag === "param" ? `- \`${name}\`: ${prose(text)}` : `- ${TAGS[tag]} ${prose(text)}`;
  });
  return [prose(comment.text), lines.join("\n")].filter(Boolean).join("\n\n");
}

const section = (d) => `### ${d.title}\n\n${described(d)}\n\n\`\`\`ts\n${d.text}\n\`\`\`\n`;
/** Types of the language and of browsers. */
const GLOBALS =
  `AbortSignal ArrayBuffer AsyncIterable AsyncIterableIterator Blob Error EventTarget Float32Array GPUDevice GPUPowerPreference GPUTexture
  HTMLCanvasElement HTMLElement ImageBitmap ImageBitmapSource ImageData Int32Array Iterable OffscreenCanvas Omit Partial Pick Promise
  ReadableStream Record Request Response Symbol URL Uint16Array Uint8Array Uint8ClampedArray Worker`.split(/\s+/);

/** The types that declarations name, in order; what a colon follows is a member. */
const namesIn = (declarations) => {
  const texts = declarations.map(({ text }) => text.replace(/\/\*.*?\*\/|"[^"]*"/gs, ""));
  return [...new Set(texts.flatMap((text) => text.match(/\b[A-Z]\w+\b(?!\??:)/g) ?? []))];
};

/** Functions first; then each type where it is first mentioned. */
function inReadingOrder(declarations) {
  const out = new Set(declarations.filter((d) => d.kind === "function"));
  // The set grows while it is walked.
  for (const d of out) for (const name of namesIn([d])) for (const t of declarations) if (t.name === name) out.add(t);
  return [...new Set([...out, ...declarations])];
}

/** Anchors as GitHub makes them. */
const anchor = (title) =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replace(/ /g, "-");

const listed = (names) => names.map((n) => `\`${n}\``).join(", ");

export async function apiPage() {
  const files = ENTRIES.map(([, file]) => file);
  const entries = readEntries(root, files).map((exports) => exports.filter((d) => !INTERNAL.includes(d.name)));
  const [first] = entries;
  const isNode = (i) => i === entries.length - 1;
  const shown = new Set();
  const titles = new Set();
  const parts = entries.map((exports, i) => {
    const [name, , about] = ENTRIES[i];
    const known = (d) =>
      shown.has(d.symbol) || (isNode(i) && first.some((f) => f.name === d.name && f.text === d.text));
    const fresh = exports.filter((d) => !known(d));
    const again = exports.filter(known).map((d) => d.name);
    for (const d of fresh) shown.add(d.symbol).add(d.name);
    const missing = first.filter((f) => !exports.some((d) => d.name === f.name)).map((f) => f.name);
    const same = isNode(i)
      ? `Everything of \`spade-webgpu\`${missing.length ? ` but ${listed(missing)}` : ""}${fresh.length ? ", and:" : "."}`
      : again.length && `Also exports ${listed(again)}, see above.`;
    const unknown = namesIn(fresh).filter((n) => !shown.has(n) && !GLOBALS.includes(n));
    if (unknown.length)
      throw new Error(`${files[i]} has types in its exports that it does not export: ${unknown.join(", ")}`);
    const ordered = inReadingOrder(fresh);
    for (const d of ordered) {
      d.title = titles.has(d.name) ? `${d.name} of ${name}` : d.name;
      titles.add(d.name);
    }
    const contents = ordered.map((d) => `[${d.name}](#${anchor(d.title)})`).join(", ");
    return [`## ${name}`, about, same, contents, ...ordered.map(section)].filter(Boolean).join("\n\n");
  });
  return format([HEAD, ...parts].join("\n\n"), { parser: "markdown", printWidth: 120 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, "docs", "api.md"), await apiPage());
