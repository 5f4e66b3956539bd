// Photos that a visitor gives: by a file input, or dropped on a figure.

import { $ } from "./shared.js";

/**
 * Lets a visitor give a photo. What is no picture is said in #message.
 * @param figure holds a canvas and an <input type="file">; the canvas shows the photo
 * @param onPhoto called with an ImageBitmap; the photo is shown when it resolves
 */
export function takePhotos(figure, onPhoto) {
  const input = figure.querySelector("input");
  const take = async (file) => {
    $("message").textContent = "";
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      $("message").textContent = `${file.name} is no picture that this browser can read. Choose a JPEG or PNG file.`;
      return;
    }
    await onPhoto(bitmap);
    show(figure.querySelector("canvas").getContext("2d"), bitmap);
  };
  input.addEventListener("change", () => input.files[0] && take(input.files[0]));
  figure.addEventListener("dragover", (event) => {
    event.preventDefault();
    figure.classList.add("over");
  });
  figure.addEventListener("dragleave", () => figure.classList.remove("over"));
  figure.addEventListener("drop", (event) => {
    event.preventDefault();
    figure.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
  input.disabled = false;
}

/** Fills the canvas with the middle of a photo. */
function show(context, bitmap) {
  const { width, height } = context.canvas;
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [scale * bitmap.width, scale * bitmap.height];
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
}
