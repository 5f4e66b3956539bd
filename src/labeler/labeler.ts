// The labeler that createLabeler returns: one photo at a time.

import type { LabelMap } from "../session/api.ts";
import type { BareHost, Photo } from "../session/host.ts";
import { Session } from "../session/session.ts";
import type { Labeler, LabelerOptions, LabelOptions } from "./api.ts";
import { checkLabel } from "./checks.ts";
import { openLabeler, type OpenLabeler } from "./opened.ts";
import { labelled, square } from "./pixels.ts";

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
    const picture = await square(await this.host.readPhoto(photo, "label"), this.net.latest.runner.config.size);
    return labelled(await this.queued({ signal }, ({ runner }) => runner.segment(picture, wanted)), wanted);
  }
}
