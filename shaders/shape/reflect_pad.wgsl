// A thread copies vec4s of the padded picture, each from the pixel that it mirrors.

fn mirrored(i: u32, size: u32) -> u32 {
  let last = i32(size) - 1;
  return u32(last - abs(last - abs(i32(i) - i32($PAD))));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ow = $W + 2u * $PAD;
  let oh = $H + 2u * $PAD;
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let p = i / $C4;
    let n = p / (ow * oh);
    y[i] = y_t(x[((n * $H + mirrored((p / ow) % oh, $H)) * $W + mirrored(p % ow, $W)) * $C4 + i % $C4]);
  }
}
