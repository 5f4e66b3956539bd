// result = act(x), strided. With a list (shaders/parts/extent.wgsl): of the listed strips, of LEN pixels of a row of W, END in all.
// TypeScript gives `act`, a vec4f expression of v (kernels/parts/activation_wgsl.ts).

fn activate(v: vec4f) -> vec4f { return {{act}}; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
#if listed
  let strips = ($W + $LEN - 1u) / $LEN;
  for (var i = id.x; i < part_count($END) * $LEN * $C4; i += groups.x * 64u) {
    let strip = part_at(i / ($LEN * $C4), $END);
    let column = (strip % strips) * $LEN * $C4 + i % ($LEN * $C4);
    let at = strip / strips * $W * $C4 + column;
    if (column < $W * $C4) { result[at] = result_t(activate(vec4f(x[at]))); }
  }
#else
  for (var i = id.x; i < $N4; i += groups.x * 64u) { result[i] = result_t(activate(vec4f(x[i]))); }
#endif
}
