// Each vec4 of dx is the sum of dy at the pixel's copies in the padded picture, up to 3 rows times 3 columns; strided.

const NO_COPY = -1;

// Where index i of an axis was copied to: its own place, before the start, behind the end.
fn copies(i: u32, size: u32) -> array<i32, 3> {
  let at = i32(i);
  let pad = i32($PAD);
  let last = i32(size) - 1;
  return array<i32, 3>(
    at + pad,
    select(NO_COPY, pad - at, at >= 1 && at <= pad),
    select(NO_COPY, 2 * last - at + pad, at < last && at >= last - pad),
  );
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ow = $W + 2u * $PAD;
  let oh = $H + 2u * $PAD;
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let p = i / $C4;
    let n = p / ($W * $H);
    let rows = copies((p / $W) % $H, $H);
    let columns = copies(p % $W, $W);
    var s = vec4f(0.0);
    for (var a = 0u; a < 3u; a++) {
      if (rows[a] == NO_COPY) { continue; }
      let line = (n * oh + u32(rows[a])) * ow;
      for (var b = 0u; b < 3u; b++) {
        if (columns[b] != NO_COPY) { s += vec4f(dy[(line + u32(columns[b])) * $C4 + i % $C4]); }
      }
    }
    dx[i] = dx_t(s);
  }
}
