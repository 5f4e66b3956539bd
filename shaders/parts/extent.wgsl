// Appended to kernels that compute listed parts of a picture (kernels/parts/extent.ts). list[0]: how many parts follow in the list; below
// zero: all `end` parts are computed, in their order, and none follows. Without the constant `listed` there is no list.

// How many parts are computed.
fn part_count(end: u32) -> u32 {
#if listed
  return select(u32(list[0]), end, list[0] < 0);
#else
  return end;
#endif
}

// The i-th part that is computed; `end` if there are fewer.
fn part_at(i: u32, end: u32) -> u32 {
#if listed
  if (list[0] >= 0) { return select(end, u32(list[1u + min(i, u32(max(list[0], 1)) - 1u)]), i < u32(list[0])); }
#endif
  return min(i, end);
}

// The i-th pixel of the 2x2 tiles of a picture of h x w that are computed, four a tile, as (x, y). Below h unless there is no such tile,
// or the pixel lies outside; so does one from w on.
fn pixel_at(i: u32, h: u32, w: u32) -> vec2u {
  let wide = (w + 1u) / 2u;
  let tile = part_at(i >> 2u, (h + 1u) / 2u * wide);
  return vec2u(tile % wide * 2u + (i & 1u), tile / wide * 2u + ((i >> 1u) & 1u));
}
