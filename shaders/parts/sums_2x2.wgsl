// y[n,py,px] = sum of the four pixels of x that the nearest x2 upsampling reads from it; one vec4 of one pixel a step. W is y's width.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let c = i % $C4;
    let p = i / $C4;
    // Row r of y covers rows 2r and 2r + 1 of x, which are 2 W pixels long.
    let at = ((p / $W) * 4u * $W + (p % $W) * 2u) * $C4 + c;
    let below = at + 2u * $W * $C4;
    y[i] = y_t(vec4f(x[at]) + vec4f(x[at + $C4]) + vec4f(x[below]) + vec4f(x[below + $C4]));
  }
}
