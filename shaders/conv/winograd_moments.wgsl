// The kernel around winograd_output.wgsl that also computes moments: a thread takes RUN tiles one after the other, and writes how many pixels
// they have inside the picture, their mean and their squared distances from it as slice S0 + (its number). Those of each tile of four are
// joined to the earlier tiles' (Chan et al. 1983). They are of the values before these are rounded to the type in which they are stored.

struct Moments { n: f32, mean: vec4f, distances: vec4f }

fn join(a: Moments, b: Moments) -> Moments {
  let n = a.n + b.n;
  let d = b.mean - a.mean;
  let share = b.n / n;
  return Moments(n, a.mean + d * share, a.distances + b.distances + d * d * (a.n * share));
}

// Of a tile's results; those outside the picture are 0 and don't count.
fn moments_of(t: u32, v: array<vec4f, 4>) -> Moments {
  let tile = $T0 + t;
  let right = select(0.0, 1.0, (tile % $TW) * 2u + 1u < $OW);
  let below = select(0.0, 1.0, ((tile / $TW) % $TH) * 2u + 1u < $OH);
  let n = (1.0 + right) * (1.0 + below);
  let mean = ((v[0] + v[1]) + (v[2] + v[3])) / n;
  let a = v[0] - mean;
  let b = v[1] - mean;
  let c = v[2] - mean;
  let d = v[3] - mean;
  return Moments(n, mean, (a * a + b * b * right) + (c * c * below + d * d * (right * below)));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let run = id.x / $CO4;
  let first = run * $RUN;
  if (first >= $TILES) { return; }
  let end = min(first + $RUN, $TILES);
  var all = moments_of(first, results(first, co));
  for (var t = first + 1u; t < end; t++) {
    all = join(all, moments_of(t, results(t, co)));
  }
  let slice = $S0 + run;
  if (co == 0u) { counts[slice] = all.n; }
  means[slice * $CO4 + co] = all.mean;
  distances[slice * $CO4 + co] = all.distances;
}
