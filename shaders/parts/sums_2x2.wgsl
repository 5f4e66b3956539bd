// y[n,py,px] = sum of the four pixels of x that a nearest x2 upsampling reads from it: one vec4 of one pixel a thread.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let c = i % $C4;
    let p = i / $C4;
    // Row p / W of y lies over the rows 2 (p / W) and the next of x, which are 2 W pixels long.
    let at = ((p / $W) * 4u * $W + (p % $W) * 2u) * $C4 + c;
    let below = at + 2u * $W * $C4;
    y[i] = y_t(vec4f(x[at]) + vec4f(x[at + $C4]) + vec4f(x[below]) + vec4f(x[below + $C4]));
  }
}
