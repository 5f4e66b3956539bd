// Thread t finds the pixels t, t + all threads, ... of the part. A cell's place is the quotient of whole numbers, so no rounding moves it.

// Padding of the last vec4, which must not win; its exp is 0.
const NEVER = -3.0e38;

// The cells before and after a pixel, and how far it is on the way to the second. `i` of `n` pixels, `size` enlarged from `cells`.
struct Between { first: u32, next: u32, share: f32 }
fn between(i: u32, n: u32, size: u32, cells: u32) -> Between {
  let at = ((2u * i + 1u) * size) / (2u * n) * (cells - 1u);
  let first = at / (size - 1u);
  return Between(first, min(first + 1u, cells - 1u), f32(at % (size - 1u)) / f32(size - 1u));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let width = u32(map[0]);
  let height = u32(map[1]);
  let start = u32(map[2]);
  let pixels = u32(map[3]) - start;
  for (var i = id.x; i < pixels; i += groups.x * 64u) {
    let column = between((start + i) % width, width, $W, $COLUMNS);
    let row = between((start + i) / width, height, $H, $ROWS);
    let a = (row.first * $COLUMNS + column.first) * $C4;
    let b = (row.first * $COLUMNS + column.next) * $C4;
    let c = (row.next * $COLUMNS + column.first) * $C4;
    let d = (row.next * $COLUMNS + column.next) * $C4;
    var most = NEVER;
    var class_ = 0u;
    var sum = 0.0;
    for (var k = 0u; k < $C4; k++) {
      let upper = mix(vec4f(x[a + k]), vec4f(x[b + k]), column.share);
      let lower = mix(vec4f(x[c + k]), vec4f(x[d + k]), column.share);
      let place = 4u * k + vec4u(0u, 1u, 2u, 3u);
      var v = mix(upper, lower, row.share);
      v.y = select(NEVER, v.y, place.y < $C);
      v.z = select(NEVER, v.z, place.z < $C);
      v.w = select(NEVER, v.w, place.w < $C);
      let largest = max(max(v.x, v.y), max(v.z, v.w));
      let here = select(select(select(place.w, place.z, v.z == largest), place.y, v.y == largest), place.x, v.x == largest);
      let before = most;
      class_ = select(class_, here, largest > most);
      most = max(most, largest);
      sum = sum * exp(max(before - most, -100.0)) + dot(exp(max(v - most, vec4f(-100.0))), vec4f(1.0));
    }
    classes[i] = class_;
    confidence[i] = 1.0 / sum;
  }
}
