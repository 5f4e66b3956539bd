// The kernel around winograd_output.wgsl: a tile and a vec4 of channels a thread.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let t = id.x / $CO4;
  if (t >= $TILES || part_at($T0 + t, $END) == $END) { return; }
  _ = results(t, co);
}
