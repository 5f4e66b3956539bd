// A thread makes 4 rows times 2 vec4 of columns, in registers: no workgroup memory, no barrier, every operand loaded by the thread that
// multiplies it. a [row][K4] vec4 along k; b [z][K][N4] vec4 along columns; c [z][row][N4].

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * 4u;
  let col = id.y * 2u;
  if (row >= $M || col >= $N4) { return; }
  let second = min(col + 1u, $N4 - 1u);
{{declare}}
  var at = id.z * $K4 * 4u * $N4;
  for (var k = 0u; k < $K4; k++) {
    let w00 = b[at + col];
    let w01 = b[at + second];
    let w10 = b[at + $N4 + col];
    let w11 = b[at + $N4 + second];
    let w20 = b[at + 2u * $N4 + col];
    let w21 = b[at + 2u * $N4 + second];
    let w30 = b[at + 3u * $N4 + col];
    let w31 = b[at + 3u * $N4 + second];
{{accumulate}}
    at += 4u * $N4;
  }
  let out = id.z * $M * $N4;
{{store}}
}
