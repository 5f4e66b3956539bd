// Workgroup counts that a dimension can't hold: WebGPU's limit is 65,535 each.

/** What one dimension is given at most. */
const MOST = 32768;

/** A long row of workgroups in layers of `x`; a workgroup's place in the row is its x + layer * x. */
export function layered(groups: number): { x: number; layers: number } {
  const layers = Math.ceil(groups / MOST);
  return { x: Math.ceil(groups / layers), layers };
}
