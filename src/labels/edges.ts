// Instance edges, like the published code: 1 where a pixel's left, right, upper or lower neighbour has another instance id, so
// both sides of a boundary are marked; the image border is not an edge. Computed at the net's full input size, after
// resizing; each level then samples them like labels, so some thin edges are lost.

/**
 * Writes the edges of one image of ids into `edges[to ..]`. `ids` may be any array of integers; only equality counts.
 * traffic: 3 reads and 1 write per pixel, 2 more per boundary.
 */
export function instanceEdges(
  ids: ArrayLike<number>,
  from: number,
  width: number,
  height: number,
  edges: Uint8Array | Int32Array,
  to: number,
): void {
  edges.fill(0, to, to + width * height);
  for (let y = 0; y < height; y++) {
    const row = from + y * width;
    const out = to + y * width;
    for (let x = 1; x < width; x++) {
      if (ids[row + x] !== ids[row + x - 1]) edges[out + x] = edges[out + x - 1] = 1;
    }
    if (y === 0) continue;
    for (let x = 0; x < width; x++) {
      if (ids[row + x] !== ids[row - width + x]) edges[out + x] = edges[out - width + x] = 1;
    }
  }
}
