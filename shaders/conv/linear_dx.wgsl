// Partial sums of dx: parts[j][n,k] = sum of dy[n,m] * w[k,m] over the vec4s m = j, j + PARTS, ... Neighbouring lanes read neighbouring
// vec4s.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x % {{PARTS}}u;
  let k = id.x / {{PARTS}}u;
  let n = id.y;
  if (k >= $PITCH) { return; }
  var s = vec4f(0.0);
  if (k < $K) {
    for (var m = j; m < $M4; m += {{PARTS}}u) { s += vec4f(dy[n * $M4 + m]) * vec4f(w[k * $M4 + m]); }
  }
  parts[(j * $N + n) * $PITCH + k] = s.x + s.y + s.z + s.w;
}
