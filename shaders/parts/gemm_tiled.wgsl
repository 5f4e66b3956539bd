// gemm() by tiles: a workgroup of 16x16 threads computes 64 rows times 64 columns, 4x4 of them a thread. 16 k of both operands at a
// time are staged in workgroup memory. Each staged row (column) of 4 vec4 is padded by a fifth, so that the lanes of a read use
// different memory banks.

var<workgroup> ta: array<vec4f, 320>;
var<workgroup> tb: array<vec4f, 320>;

@compute @workgroup_size(16, 16, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin(local_invocation_id) l: vec3u, @builtin(local_invocation_index) i: u32) {
  // Thread i stages row (column) i / 4, vec4 i % 4 of the 16 k.
  let part = i & 3u;
  let fetched = i >> 2u;
  let p = row_start(g.x * 64u + fetched, g.z);
  let block = min(g.y * 4u + (fetched >> 4u), $BBLOCKS - 1u);
  let q = g.z * $BBATCH + ($BBLOCK + block) * $K4 * 16u + (fetched & 15u);
  var s0 = vec4f(0.0);
  var s1 = vec4f(0.0);
  var s2 = vec4f(0.0);
  var s3 = vec4f(0.0);
  for (var k0 = 0u; k0 < $K4; k0 += 4u) {
    let k = k0 + part;
    let live = k < $K4;
    let kk = min(k, $K4 - 1u);
    workgroupBarrier();
    ta[fetched * 5u + part] = select(vec4f(0.0), vec4f(a[p + kk * $ASTEP]), live);
    tb[fetched * 5u + part] = select(vec4f(0.0), vec4f(b[q + kk * 16u]), live);
    workgroupBarrier();
    for (var j = 0u; j < 4u; j++) {
      let column = l.x * 4u * 5u + j;
      let w = transpose(mat4x4f(tb[column], tb[column + 5u], tb[column + 10u], tb[column + 15u]));
      let row = l.y * 4u * 5u + j;
      s0 += w * ta[row];
      s1 += w * ta[row + 5u];
      s2 += w * ta[row + 10u];
      s3 += w * ta[row + 15u];
    }
  }
  let row = g.x * 64u + l.y * 4u;
  let col = g.y * 16u + l.x;
  put(g.z, row, col, s0);
  put(g.z, row + 1u, col, s1);
  put(g.z, row + 2u, col, s2);
  put(g.z, row + 3u, col, s3);
}
