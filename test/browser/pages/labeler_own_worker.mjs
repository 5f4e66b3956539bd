// A worker that loads the package itself, labels a photo, and answers with the map.

import { createLabeler } from "/dist/labeler.js";

onmessage = async ({ data: { weights, photo, to } }) => {
  try {
    const labeler = await createLabeler({ weights });
    postMessage({ map: await labeler.label(photo, to) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
