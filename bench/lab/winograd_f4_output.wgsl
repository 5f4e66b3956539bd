// Y = A^T M A, 4x4 pixels of one vec4 of output channels a thread. m [36][tiles of the slice][CO4] -> y [H][W][CO4]

fn emit(value: vec4f, py: u32, px: u32, co: u32) {
  if (py < $H && px < $W) { y[(py * $W + px) * $CO4 + co] = value; }
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let t = id.x / $CO4;
  if (t >= $TILES) { return; }
  let step = $TILES * $CO4;
  let oy = (($T0 + t) / $TW) * 4u;
  let ox = (($T0 + t) % $TW) * 4u;
{{transform}}
}
