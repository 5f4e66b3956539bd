// A thread makes PX rows times 2 vec4 of columns, in registers: no workgroup memory, no barrier. k is rolled on purpose:
// unrolling it spills on lavapipe.
// a [batch or 1][row][K4] vec4 along k; b [batch][K][N4] vec4 along columns; c [batch][row][CN4].

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * {{PX}}u;
  let col = id.y * 2u;
  if (row >= $M || col >= $N4) { return; }
  let second = min(col + 1u, $N4 - 1u);
  let a0 = id.z * $ABATCH;
{{declare}}
  var at = id.z * $BBATCH + $BCOL;
  for (var k = 0u; k < $K4; k++) {
    let w00 = vec4f(b[at + col]);
    let w01 = vec4f(b[at + second]);
    let w10 = vec4f(b[at + $BN4 + col]);
    let w11 = vec4f(b[at + $BN4 + second]);
    let w20 = vec4f(b[at + 2u * $BN4 + col]);
    let w21 = vec4f(b[at + 2u * $BN4 + second]);
    let w30 = vec4f(b[at + 3u * $BN4 + col]);
    let w31 = vec4f(b[at + 3u * $BN4 + second]);
{{accumulate}}
    at += 4u * $BN4;
  }
  let out = id.z * $CBATCH;
{{store}}
}
