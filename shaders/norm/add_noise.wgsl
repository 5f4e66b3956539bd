// y = x + plane * v, one vec4 of channels of one pixel of y a thread. Constant `double`: y has twice the size of x. W is the width of y;
// images are stacked vertically.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
#if double
  let source = p / $W / 2u * ($W / 2u) + p % $W / 2u;
#else
  let source = p;
#endif
  y[p * $C4 + c] = y_t(vec4f(x[source * $C4 + c]) + plane[p] * v[c]);
}
