// Four values a thread: a block of Philox4x32-10 with the counter (i, LAYER, 0, 0), and normal values from its words by Box and Muller.

// The high 32 bits of a * b.
fn high(a: u32, b: u32) -> u32 {
  let low = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let mid = (a & 0xffffu) * (b >> 16u) + (low & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (low >> 16u) + (mid >> 16u);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    var n = vec4u(i, $LAYER, 0u, 0u);
    var key = vec2u(u32(seed[0]), u32(seed[1]));
    for (var round = 0u; round < 10u; round++) {
      n = vec4u(
        high(0xcd9e8d57u, n.z) ^ n.y ^ key.x,
        0xcd9e8d57u * n.z,
        high(0xd2511f53u, n.x) ^ n.w ^ key.y,
        0xd2511f53u * n.x,
      );
      key += vec2u(0x9e3779b9u, 0xbb67ae85u);
    }
    let u = (vec4f(n) + 1.0) * 0x1p-32f;
    // A logarithm of 1 may be rounded to above 0. Angles are between -pi and pi, where WGSL promises digits of cos and sin.
    let radius = sqrt(max(-2.0 * log(u.xz), vec2f(0.0)));
    let angle = (u.yw - 0.5) * 6.2831853071795864;
    let x = -radius * cos(angle);
    let y = -radius * sin(angle);
    plane[i] = vec4f(x.x, y.x, x.y, y.y);
  }
}
