import { createSpade, mixStyles } from "spade-webgpu";
import { $, failAloud, sayNotices, state, streetMap, WEIGHTS } from "../shared.js";
import { takePhotos } from "../photos.js";
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

photos.forEach((photo, i) =>
  takePhotos(photo, async (bitmap) => {
    styles[i] = await spade.encode(bitmap);
    mix();
  }),
);
$("mix").addEventListener("input", mix);
$("mix").disabled = false;
state("ready");
