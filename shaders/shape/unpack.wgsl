// Moves one tensor of a file, f16 or f32 bits in words, to its place on the device: y is [taps][O1][I1][O2][I2], and lanes beyond OUTS or
// INS are zero. A thread moves four neighbours of every tap. Bits are moved by integers: adapters may flush small halves in conversions.
// Reports Inf and NaN in bad[KEY]; threads that do write the same value.

fn bits(i: u32) -> u32 {
#if from_half
  let half = (x[i >> 1u] >> ((i & 1u) * 16u)) & 0xffffu;
  let size = half & 0x7fffu;
  let small = bitcast<u32>(f32(size) * 0x1p-24f);
  let wide = select(select((size << 13u) + 0x38000000u, small, size < 0x400u), 0x7f800000u, size >= 0x7c00u);
  return wide | ((half & 0x8000u) << 16u);
#else
  return x[i];
#endif
}

#if to_half
// The nearest half, ties to even, like toHalf on the host.
fn narrow(wide: u32) -> u32 {
  let sign = (wide >> 16u) & 0x8000u;
  let size = wide & 0x7fffffffu;
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  if (size >= 0x477ff000u) { return sign | 0x7c00u; }
  if (size < 0x38800000u) { return sign | (bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u); }
  return sign | ((size - 0x38000000u + 0xfffu + ((size >> 13u) & 1u)) >> 13u);
}
#endif

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let quad = id.x + id.z * groups.x * 64u;
  if (quad >= $QUADS) { return; }
  let inner = quad * 4u / $I2;
  let rows = inner / $O2;
  let o = rows / $I1 * $O2 + inner % $O2;
  let i = rows % $I1 * $I2 + quad * 4u % $I2;
  // The four neighbours are inputs where I2 has room for them, else outputs.
  let inputs = $I2 > 1u;
  let step = select($OUT, $IN, inputs);
  let left = select(select(0u, $OUTS - o, o < $OUTS && i < $INS), select(0u, $INS - i, i < $INS && o < $OUTS), inputs);
  var place = $START + o * $OUT + i * $IN;
  var wrong = false;
  for (var t = 0u; t < $TAPS; t++) {
    var v = vec4u(0u);
    for (var lane = 0u; lane < min(left, 4u); lane++) {
      v[lane] = bits(place + lane * step);
      wrong = wrong || (v[lane] & 0x7f800000u) == 0x7f800000u;
    }
#if to_half
    let words = vec2u(narrow(v.x) | (narrow(v.y) << 16u), narrow(v.z) | (narrow(v.w) << 16u));
    y[t * $QUADS + quad] = bitcast<vec4<f16>>(words);
#else
    y[t * $QUADS + quad] = bitcast<vec4f>(v);
#endif
    place += $TAP;
  }
  if (wrong) { bad[$KEY] = 1u; }
}
