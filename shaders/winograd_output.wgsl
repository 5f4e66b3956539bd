// Y = A^T M A, 2x2 pixels of one vec4 of output channels a thread; then / sigma + bias, activation, + residual.
// A^T = [1 1 1 0; 0 1 -1 -1].   m [16][tiles of the slice][CO4] -> y [N,OH,OW,CO4]

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x;
  let t = id.y + id.z * $YSPAN;
  if (co >= $CO4 || t >= $TILES) { return; }
  let tile = $T0 + t;
  let ox = (tile % $TW) * 2u;
  let oy = ((tile / $TW) % $TH) * 2u;
  let n = tile / ($TW * $TH);
  let step = $TILES * $CO4;
  let at = t * $CO4 + co;
  var p: array<vec4f, 4>;
  var q: array<vec4f, 4>;
  for (var j = 0u; j < 4u; j++) {
    let a = vec4f(m[at + j * step]);
    let b = vec4f(m[at + (4u + j) * step]);
    let c = vec4f(m[at + (8u + j) * step]);
    let d = vec4f(m[at + (12u + j) * step]);
    p[j] = a + b + c;
    q[j] = b - c - d;
  }
  var outs = array<vec4f, 4>(p[0] + p[1] + p[2], p[1] - p[2] - p[3], q[0] + q[1] + q[2], q[1] - q[2] - q[3]);
  for (var i = 0u; i < 4u; i++) {
    let py = oy + (i >> 1u);
    let px = ox + (i & 1u);
    if (py >= $OH || px >= $OW) { continue; }
    var v = outs[i];
#if sigma
    v = v / f32(sigma[0].x);
#endif
#if bias
    v = v + vec4f(bias[co]);
#endif
    v = {{act}};
#if residual
    v = v + vec4f(residual[((n * ($OH >> $RUP) + (py >> $RUP)) * ($OW >> $RUP) + (px >> $RUP)) * $CO4 + co]);
#endif
    y[((n * $OH + py) * $OW + px) * $CO4 + co] = y_t(v);
  }
}
