// Appended to avg_pool, avg_pool_backward and label_pool: the 3x3 window of stride 2 and padding 1 at index o of an axis of length n,
// clipped to the picture: from first_tap(o) to before end_tap(o, n).

fn first_tap(o: u32) -> u32 { return max(2u * o, 1u) - 1u; }

fn end_tap(o: u32, n: u32) -> u32 { return min(2u * o + 2u, n); }
