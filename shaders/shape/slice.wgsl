// In each row, COUNT elements of x from XFROM on become those of y from YFROM on; the rest of y is zero. Strided. Elements are vec4s
// if all lengths are multiples of 4, else single numbers.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N; i += groups.x * 64u) {
    let k = i % $YROW;
    let inside = k >= $YFROM && k < $YFROM + $COUNT;
    let at = (i / $YROW) * $XROW + $XFROM + select(0u, k - $YFROM, inside);
    y[i] = select(y_t(0.0), x[at], inside);
  }
}
