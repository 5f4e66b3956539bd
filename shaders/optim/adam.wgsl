// One step of one tensor, in place; strided. factors: lr / (1 - beta1^t), sqrt(1 - beta2^t), and what to multiply the gradient with.
// Constants: `skip`, do nothing after an overflow; `copied`, also write the f16 copy of p.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
#if skip
  if (overflow[0].x != 0.0) { return; }
#endif
  let f = factors[$ROW];
  let b1 = $BETA1;
  let b2 = $BETA2;
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let d = vec4f(grad[i]) * f.z;
    let m1 = b1 * m[i] + $REST1 * d;
    let v1 = b2 * v[i] + $REST2 * d * d;
    m[i] = m1;
    v[i] = v1;
    let p1 = p[i] - f.x * m1 / (sqrt(v1) / f.y + $EPS);
    p[i] = p1;
#if copied
    copied[i] = copied_t(p1);
#endif
  }
}
