// The adapter's matrix peak: independent products of constant tiles in each subgroup, nothing read. All subgroups write the same tiles: what
// they hold means nothing. `lanes` tells how many lanes a subgroup had.

enable chromium_experimental_subgroup_matrix;
enable subgroups;
{{extensions}}

@compute @workgroup_size({{THREADS}}, 1, 1)
fn main(@builtin(subgroup_size) size: u32) {
  let a = {{left}};
  let b = {{right}};
{{declare}}
  for (var i = 0u; i < $ROUNDS; i++) {
{{chain}}
  }
{{store}}
  lanes[0] = size;
}
