import { createSpade, mixStyles } from "spade-webgpu";
import { $, failAloud, sayNotices, state, streetMap, WEIGHTS } from "../shared.js";
import { drawStreet, DAY, DUSK } from "./drawn.js";

failAloud();
state("loading");
const photos = [...document.querySelectorAll(".photo")];
// Until a visitor chooses photos, drawings stand in for them.
[DAY, DUSK].forEach((light, i) => drawStreet(photos[i].querySelector("canvas").getContext("2d"), light));

const spade = await createSpade({ weights: WEIGHTS });
sayNotices(spade);
const live = spade.live({
  canvas: $("picture"),
  onFrame: ({ total }) => ($("caption").textContent = `The picture: ${Math.round(total)} ms`),
});

// The encoder, 1.3 MB, is downloaded here, at its first use.
$("caption").textContent = "Reading the styles of the photos …";
const styles = await Promise.all(photos.map((photo) => spade.encode(photo.querySelector("canvas"))));
const mix = () => (live.style = mixStyles(styles[0], styles[1], $("mix").valueAsNumber));
mix();
live.update(await streetMap(spade.info));
await live.idle();

async function choose(i, file) {
  $("message").textContent = "";
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    $("message").textContent = `${file.name} is no picture that this browser can read. Choose a JPEG or PNG file.`;
    return;
  }
  styles[i] = await spade.encode(bitmap);
  show(photos[i].querySelector("canvas").getContext("2d"), bitmap);
  mix();
}

/** Fills the canvas with the middle of a photo. */
function show(context, bitmap) {
  const { width, height } = context.canvas;
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [scale * bitmap.width, scale * bitmap.height];
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
}

photos.forEach((photo, i) => {
  const input = photo.querySelector("input");
  input.disabled = false;
  input.addEventListener("change", () => input.files[0] && choose(i, input.files[0]));
  photo.addEventListener("dragover", (event) => {
    event.preventDefault();
    photo.classList.add("over");
  });
  photo.addEventListener("dragleave", () => photo.classList.remove("over"));
  photo.addEventListener("drop", (event) => {
    event.preventDefault();
    photo.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) choose(i, file);
  });
});
$("mix").addEventListener("input", mix);
$("mix").disabled = false;
state("ready");
