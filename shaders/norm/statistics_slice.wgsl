// Appended to statistics_slices and normalise_sums: one vec4 of channels and one slice of a group's pixels for each thread.
// Slices have LEN pixels, groups PIXELS; there are SLICES slices of each group.

struct Slice { live: bool, number: u32, c: u32, group: u32, start: u32, pixels: u32 }

fn slice_of(thread: u32) -> Slice {
  let number = thread / $C4;
  let start = (number % $SLICES) * $LEN;
  // A bound that the compiler does not know: unrolled, loops over a slice took lavapipe 5 s to compile.
  let pixels = min(min($LEN, $PIXELS - start), arrayLength(&x));
  return Slice(number < $SLICES * $GROUPS, number, thread % $C4, number / $SLICES, start, pixels);
}
