// Sums of rows of x over segments of `order`, one vec4 of columns a thread. A short segment is one row of y; a cut one leaves its row to
// segment_join, its parts are summed by the same text (`parts`). `masked`: where y of the forward pass was cut off, nothing flows.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let to = id.y + id.z * $YSPAN;
#if parts
  if (c >= $C4 || to >= u32(parts[0].x)) { return; }
  let part = parts[1u + to];
  let start = u32(part.x);
  let end = u32(part.y);
#else
  if (c >= $C4 || to >= $COUNT || to + $FIRST >= u32(rows[0]) + 2u) { return; }
  let length = rows[2u * (to + $FIRST) + 1u];
  if (length < 0) { return; }
  let start = u32(rows[2u * (to + $FIRST)]);
  let end = start + u32(length);
#endif
  var s = vec4f(0.0);
  for (var i = start; i < end; i++) {
    let at = u32(order[i]) * $X4 + $COL + c;
#if masked
    s += select(vec4f(0.0), vec4f(x[at]), vec4f(mask[at]) > vec4f(0.0));
#else
    s += vec4f(x[at]);
#endif
  }
#if parts
  y[to * $C4 + c] = s;
#else
  y[to * $C4 + $TO + c] = s;
#endif
}
