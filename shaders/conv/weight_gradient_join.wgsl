// Winograd weight gradient, second stage: adds the slices' sums S in order, then dW = G^T S G, divided by sigma if there is one. Strided,
// one vec4 of output channels of one input channel a step. parts [slice][16][Cin*CO4] -> dw [9][Cin*CO4].
// G = [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1]

// Product z of 16, summed over the slices.
fn total(z: u32, i: u32) -> vec4f {
  var s = vec4f(0.0);
  for (var p = 0u; p < $SLICES; p++) { s += parts[(p * 16u + z) * $N4 + i]; }
  return s;
}

// G^T times a column of four (and, applied to rows, times G).
fn mix(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> array<vec4f, 3> {
  return array<vec4f, 3>(a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d);
}

// One row of the 3x3 taps.
fn put(at: u32, scale: f32, row: array<vec4f, 3>) {
  dw[at] = scale * row[0];
  dw[at + $N4] = scale * row[1];
  dw[at + 2u * $N4] = scale * row[2];
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
#if sigma
  let scale = 1.0 / f32(sigma[0].x);
#else
  let scale = 1.0;
#endif
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let c0 = mix(total(0u, i), total(4u, i), total(8u, i), total(12u, i));
    let c1 = mix(total(1u, i), total(5u, i), total(9u, i), total(13u, i));
    let c2 = mix(total(2u, i), total(6u, i), total(10u, i), total(14u, i));
    let c3 = mix(total(3u, i), total(7u, i), total(11u, i), total(15u, i));
    let r0 = mix(c0[0], c1[0], c2[0], c3[0]);
    let r1 = mix(c0[1], c1[1], c2[1], c3[1]);
    let r2 = mix(c0[2], c1[2], c2[2], c3[2]);
    put(i, scale, r0);
    put(i + 3u * $N4, scale, r1);
    put(i + 6u * $N4, scale, r2);
  }
}
