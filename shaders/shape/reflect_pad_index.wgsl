// Appended to reflect_pad and label_conv: the index inside an axis that i, at most size - 1 beyond either end, is the mirror image of.

fn mirrored(i: i32, size: u32) -> i32 {
  let last = i32(size) - 1;
  return last - abs(last - abs(i));
}
