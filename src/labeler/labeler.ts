// The labeler that createLabeler returns: one photo at a time.

import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { labelled } from "../segmenting/labelled.ts";
import type { LabelMap } from "../session/api.ts";
import type { BareHost, Photo } from "../session/host.ts";
import { Session } from "../session/session.ts";
import type { Labeler, LabelerOptions, LabelOptions } from "./api.ts";
import { checkLabel } from "./checks.ts";
import { openLabeler, type OpenLabeler } from "./opened.ts";
import { square } from "./square.ts";

export class LabelerSession extends Session<OpenLabeler, LabelerOptions> implements Labeler {
  constructor(host: BareHost, options: LabelerOptions, opened: OpenLabeler) {
    super(host, "Labeler", options, opened, (again) => openLabeler(host, again));
  }

  get classes(): readonly string[] {
    return this.net.latest.runner.names;
  }

  async label(photo: Photo, to: LabelOptions): Promise<LabelMap & { confidence: Float32Array }> {
    this.check("label");
    const wanted = checkLabel(to, this.classes);
    const signal = this.until(wanted.signal);
    signal.throwIfAborted();
    // Read at once, while another photo may be labelled; taken when its turn comes.
    const picture = this.read(photo);
    picture.catch(() => undefined);
    const found = await this.queued({ signal }, async ({ runner }) => runner.segment(await picture, wanted));
    const { width, height, confidence } = found;
    return { data: await labelled(found, wanted), width, height, confidence };
  }

  private async read(photo: Photo): Promise<RgbImage> {
    return square(await this.host.readPhoto(photo, "label"), this.net.latest.runner.config.size);
  }
}
