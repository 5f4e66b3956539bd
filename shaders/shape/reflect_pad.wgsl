// Each vec4 of the padded picture is copied from the pixel that it mirrors; strided. mirrored: reflect_pad_index.wgsl.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ow = $W + 2u * $PAD;
  let oh = $H + 2u * $PAD;
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let p = i / $C4;
    let n = p / (ow * oh);
    let iy = u32(mirrored(i32((p / ow) % oh) - i32($PAD), $H));
    let ix = u32(mirrored(i32(p % ow) - i32($PAD), $W));
    y[i] = y_t(x[((n * $H + iy) * $W + ix) * $C4 + i % $C4]);
  }
}
