// The curve of edits as a page that opens from the disk.

import uplot from "uplot/dist/uPlot.iife.min.js?raw";
import uplotStyle from "uplot/dist/uPlot.min.css?raw";
import type { Edit } from "./curve.ts";

/** A page with a dot for each edit: its time as a share of the whole picture's, over the share of the map's pixels that it changed. */
export function plotPage(title: string, edits: readonly Edit[], pixels: number): string {
  const dots = edits.map((e) => [(100 * e.pixels) / pixels, e.edit / e.whole]).sort(([a], [b]) => a - b);
  const data = JSON.stringify([0, 1].map((i) => dots.map((dot) => dot[i])));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>${uplotStyle} body { font: 14px system-ui, sans-serif; margin: 2em; } .uplot { margin-top: 1em; }</style>
<h1>${title}</h1>
<p>Each dot is an edit: its time as a share of that of a picture computed whole, over the pixels of the map that it changed.</p>
<script>${uplot}
new uPlot({
  width: 860, height: 480, legend: { show: false },
  scales: { x: { time: false, distr: 3 }, y: { range: [0, null] } },
  axes: [{ label: "pixels changed, %" }, { label: "time of a whole picture" }],
  series: [{}, { paths: () => null, points: { show: true, size: 6, fill: "#27c", stroke: "#27c" } }],
}, ${data}, document.body);
</script>
`;
}
