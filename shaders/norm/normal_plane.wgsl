// Four values a thread: a block of Philox4x32-10 with the counter (i, LAYER, 0, 0), and normal values from its words by Box and Muller. The
// seed's third number, 0 if it has none: blocks of so many planes come before.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    var n = vec4u(i + u32(seed[0].z) * $N4, $LAYER, 0u, 0u);
    var key = vec2u(seed[0].xy);
    for (var round = 0u; round < 10u; round++) {
      // n.xz times 0xd2511f53 and 0xcd9e8d57: 64 bits each, of halves of 16 bits.
      let a = vec2u(0xd251u, 0xcd9eu);
      let b = vec2u(0x1f53u, 0x8d57u);
      let high = n.xz / 65536u;
      let low = n.xz % 65536u;
      let mid = a * low + b * low / 65536u;
      let top = a * high + mid / 65536u + (b * high + mid % 65536u) / 65536u;
      let rest = (a * 65536u + b) * n.xz;
      n = vec4u(top.y ^ n.y ^ key.x, rest.y, top.x ^ n.w ^ key.y, rest.x);
      key += vec2u(0x9e3779b9u, 0xbb67ae85u);
    }
    let u = (vec4f(n) + 1.0) / 4294967296.0;
    // A logarithm of 1 may be rounded to above 0. Angles are between -pi and pi, where WGSL promises digits of cos and sin.
    let radius = -sqrt(2.0 * abs(log(u.xz)));
    let angle = (u.yw - 0.5) * 6.2831853;
    let x = radius * cos(angle);
    let y = radius * sin(angle);
    plane[i] = vec4f(x.x, y.x, x.y, y.y);
  }
}
