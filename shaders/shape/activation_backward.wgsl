// dx = dy * act', strided. `source` is the activation's argument or its result; the slope is computed from the result.
// TypeScript gives two vec4f expressions of v: `act` computes the result from `source` ("v" if it is the result already), `slope` the
// derivative of the result.

fn activate(v: vec4f) -> vec4f { return {{act}}; }

fn slope(v: vec4f) -> vec4f { return {{slope}}; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    dx[i] = dx_t(vec4f(dy[i]) * slope(activate(vec4f(source[i]))));
  }
}
