/** Moves an element to and fro in each frame of the page. @param onPause called with the longest time between two frames, in ms */
export function move(dot, track, onPause) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let longest = 0;
  let before;
  function frame(now) {
    // A tab in the background has no frames.
    if (before !== undefined && now - before > longest && !document.hidden) onPause((longest = now - before));
    before = document.hidden ? undefined : now;
    const way = track.clientWidth - 1.5 * dot.offsetWidth;
    const at = still.matches ? 0 : (1 - Math.cos(now / 500)) / 2;
    dot.style.setProperty("transform", `translateX(${at * way}px)`);
    requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);
}
