// A workgroup of 16x16 threads makes 64 rows times 64 columns: 16 k of both staged in workgroup memory, 4x4 results a thread.
// Rows and columns are padded by one vec4, so that the lanes of a fetch fall in different banks.

var<workgroup> ta: array<vec4f, 320>;
var<workgroup> tb: array<vec4f, 320>;

@compute @workgroup_size(16, 16, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin(local_invocation_id) l: vec3u, @builtin(local_invocation_index) i: u32) {
  // Thread i stages row (column) i / 4, vec4 i % 4 of the 16 k.
  let part = i & 3u;
  let fetched = i >> 2u;
  let source = min(g.x * 64u + fetched, $M - 1u);
  let p = g.z * $ABATCH + {{row_source}};
  let block = min(g.y * 4u + (fetched >> 4u), $BBLOCKS - 1u);
  let q = g.z * $BBATCH + ($BBLOCK + block) * $K4 * 16u + (fetched & 15u);
  var s0 = vec4f(0.0); var s1 = vec4f(0.0); var s2 = vec4f(0.0); var s3 = vec4f(0.0);
  for (var k0 = 0u; k0 < $K4; k0 += 4u) {
    let k = k0 + part;
    let live = k < $K4;
    let kk = min(k, $K4 - 1u);
    workgroupBarrier();
    ta[fetched * 5u + part] = select(vec4f(0.0), vec4f(a[p + kk * $ASTEP]), live);
    tb[fetched * 5u + part] = select(vec4f(0.0), vec4f(b[q + kk * 16u]), live);
    workgroupBarrier();
    for (var j = 0u; j < 4u; j++) {
      let w = transpose(mat4x4f(tb[(l.x * 4u) * 5u + j], tb[(l.x * 4u + 1u) * 5u + j], tb[(l.x * 4u + 2u) * 5u + j], tb[(l.x * 4u + 3u) * 5u + j]));
      s0 += w * ta[(l.y * 4u) * 5u + j];
      s1 += w * ta[(l.y * 4u + 1u) * 5u + j];
      s2 += w * ta[(l.y * 4u + 2u) * 5u + j];
      s3 += w * ta[(l.y * 4u + 3u) * 5u + j];
    }
  }
  let row = g.x * 64u + l.y * 4u;
  let col = g.y * 16u + l.x;
  if (col >= $N4) { return; }
  let out = g.z * $CBATCH + col;
  if (row < $M) { c[out + row * $N4] = c_t(finish(s0, col)); }
  if (row + 1u < $M) { c[out + (row + 1u) * $N4] = c_t(finish(s1, col)); }
  if (row + 2u < $M) { c[out + (row + 2u) * $N4] = c_t(finish(s2, col)); }
  if (row + 3u < $M) { c[out + (row + 3u) * $N4] = c_t(finish(s3, col)); }
}
