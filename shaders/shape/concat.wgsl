// Each row of y is a row of a (its first ACOUNT elements), then a row of b, then zeros; strided. Elements are vec4s if all
// lengths are multiples of 4, else single numbers.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N; i += groups.x * 64u) {
    let row = i / $YROW;
    let k = i % $YROW;
    let first = k < $ACOUNT;
    let second = !first && k < $ACOUNT + $BCOUNT;
    let va = a[row * $AROW + select(0u, k, first)];
    let vb = b[row * $BROW + select(0u, k - $ACOUNT, second)];
    y[i] = select(select(y_t(0.0), vb, second), va, first);
  }
}
