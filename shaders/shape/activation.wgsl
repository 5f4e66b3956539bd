// result = act(x), strided. TypeScript gives `act`, a vec4f expression of v (kernels/parts/activation_wgsl.ts).

fn activate(v: vec4f) -> vec4f { return {{act}}; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) { result[i] = result_t(activate(vec4f(x[i]))); }
}
