// Appended to segments_sum and modulate_tables: which items of `order` a thread sums (the lists of src/labels/lists.ts, as i32 tensors).
// Constant `parts`: the segments are the parts of cut segments. Otherwise they are the COUNT whole segments from row FIRST of `rows` on;
// those that were cut have a negative length and are not live.

// The items order[start] to order[end - 1]; row: the row of the table that the sum belongs to, from LIST_SEGMENTS on.
struct Segment { live: bool, row: u32, start: u32, end: u32 }

fn segment(i: u32) -> Segment {
#if parts
  let live = i < u32(parts[0].x);
  let part = parts[select(0u, 1u + i, live)];
  return Segment(live, u32(part.z) - {{LIST_SEGMENTS}}u, u32(part.x), u32(part.y));
#else
  let row = i + $FIRST;
  let live = i < $COUNT && row < u32(rows[0]) + {{LIST_SEGMENTS}}u;
  let entry = select(0u, 2u * row, live);
  let length = rows[entry + 1u];
  let start = u32(rows[entry]);
  return Segment(live && length >= 0, row - {{LIST_SEGMENTS}}u, start, start + u32(length));
#endif
}
