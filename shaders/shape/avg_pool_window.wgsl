// Appended to avg_pool, avg_pool_backward and label_pool: 3x3 windows of stride 2 and padding 1, clipped to the picture.

// Along an axis of length n, window o has the taps from first_tap(o) to before end_tap(o, n).
fn first_tap(o: u32) -> u32 { return max(2u * o, 1u) - 1u; }

fn end_tap(o: u32, n: u32) -> u32 { return min(2u * o + 2u, n); }

// The window of a pixel of the result (p, counted over all images): pixels of the input before its image, and its rows and columns.
struct Window { image: u32, top: u32, bottom: u32, left: u32, right: u32 }

fn window(p: u32) -> Window {
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  return Window(n * $H * $W, first_tap(oy), end_tap(oy, $H), first_tap(ox), end_tap(ox, $W));
}

fn size(w: Window) -> f32 { return f32((w.bottom - w.top) * (w.right - w.left)); }
