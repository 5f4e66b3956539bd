// What the keys of a CLADE generator's checkpoint say of it.

/** A norm's class table, which no other generator has. */
const TABLE = "head_0.norm_0.class_specified_affine";

/** Undefined if the keys are no CLADE generator's. */
export function cladeKeys(
  shapes: ReadonlyMap<string, readonly number[]>,
): { classes: number; edges: boolean; add_dist: boolean } | undefined {
  const table = shapes.get(`${TABLE}.weight`);
  return (
    table && {
      classes: table[0],
      edges: shapes.has("head_0.norm_0.inst_conv.weight"),
      add_dist: shapes.has(`${TABLE}.dist_conv_w.weight`),
    }
  );
}
