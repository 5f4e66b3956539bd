// A thread moves one vec4. Lanes lie over channels: the lanes of a pixel read one id and one run of a row.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let p = id.y + id.z * $YSPAN;
  if (c >= $C4 || p >= $PIXELS) { return; }
  y[p * $C4 + c] = table[u32(ids[p]) * $C4 + c];
}
