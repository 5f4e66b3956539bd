// A subgroup of S lanes makes S*R rows times 16 columns. Lane = row; a block of b's columns is loaded once by the lanes together and
// handed round by broadcast. No workgroup memory, no barrier.

enable subgroups;

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = g.x * {{ROWS}}u + lane;
{{address}}
  var at = g.z * $BBATCH + ($BBLOCK + g.y) * $K4 * 16u + (lane & 15u);
{{declare}}
  for (var k = 0u; k < $K4; k++) {
{{accumulate}}
    at += 16u;
  }
  let col = g.y * 4u;
{{store}}
}
