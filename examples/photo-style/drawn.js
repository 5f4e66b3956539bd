// Drawings of a street that stand in for photos.

export const DAY = {
  sky: ["#6fa8e8", "#e8f1fa"],
  houses: "#b9a48c",
  trees: "#5d8a3c",
  ground: "#a8a29a",
  road: "#8a8a8c",
};
export const DUSK = {
  sky: ["#2b2440", "#c9714a"],
  houses: "#2c2326",
  trees: "#1c241c",
  ground: "#3a3034",
  road: "#2e2a30",
};

export function drawStreet(context, { sky, houses, trees, ground, road }) {
  const { width: w, height: h } = context.canvas;
  const shape = (color, ...points) => {
    context.fillStyle = color;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x * w, y * h);
    context.fill();
  };
  const gradient = context.createLinearGradient(0, 0, 0, 0.6 * h);
  sky.forEach((color, i) => gradient.addColorStop(i, color));
  shape(gradient, [0, 0], [1, 0], [1, 1], [0, 1]);
  shape(ground, [0, 0.56], [1, 0.56], [1, 1], [0, 1]);
  shape(houses, [0, 0.05], [0.4, 0.4], [0.4, 0.6], [0, 0.8]);
  shape(houses, [1, 0.15], [0.6, 0.42], [0.6, 0.6], [1, 0.8]);
  shape(road, [0.42, 0.56], [0.58, 0.56], [1.1, 1], [-0.1, 1]);
  context.fillStyle = trees;
  for (const [x, y, r] of [
    [0.72, 0.42, 0.1],
    [0.79, 0.36, 0.11],
    [0.36, 0.47, 0.06],
  ]) {
    context.beginPath();
    context.arc(x * w, y * h, r * w, 0, 2 * Math.PI);
    context.fill();
  }
}
