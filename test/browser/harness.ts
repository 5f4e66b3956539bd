// What the files of this folder share: a Chromium and a server for each file, a page with an empty cache for each test.

import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { DRAWN_BY_CPU, launch, missing, type Adapter } from "../../bench/browser/launch.ts";
import { TestServer } from "../../bench/browser/server.ts";
import type { Progress, Spade, SpadeError, SpadeOptions, GenerateOptions, LabelMap } from "../../src/index.ts";
import type * as entry from "../../src/index.ts";

type PlainError = Pick<SpadeError, "name" | "message" | "code" | "where" | "problem" | "fix">;
interface Loaded {
  spade?: Spade;
  error?: PlainError;
  progress: Progress[];
  notices: { code: string; message: string; fix: string }[];
}

declare global {
  interface Window {
    /** pages/page.mjs */
    lib: typeof entry & {
      sha256(bytes: ArrayBufferView): Promise<string>;
      plainError(error: unknown): PlainError;
      load(options: SpadeOptions): Promise<Loaded>;
      stripes(width: number, height: number, labels: number, of?: number): LabelMap;
      paint(spade: Spade, map: LabelMap, options?: GenerateOptions): Promise<string>;
    };
  }
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export class Lab {
  server!: TestServer;
  browser!: Browser;
  private contexts: BrowserContext[] = [];

  async open(adapter: Adapter): Promise<void> {
    const ofProject = ["dist", "weights", "demo", "examples"].map((name) => [name, folder(`../../${name}`)]);
    const site = {
      site: folder("../../dist/site"),
      "site/engine": folder("../../dist"),
      "site/weights": folder("../../weights"),
    };
    const folders = { ...Object.fromEntries(ofProject), ...site, pages: folder("pages") };
    const flags = adapter === "lavapipe" ? DRAWN_BY_CPU : [];
    [this.browser, this.server] = await Promise.all([launch(adapter, {}, flags), TestServer.start(folders)]);
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.server?.close();
  }

  /** A context of its own: empty cache and storage. */
  async context(options?: BrowserContextOptions): Promise<BrowserContext> {
    const context = await this.browser.newContext(options);
    // Where nothing was compiled before, the first step of a training takes half a minute.
    context.setDefaultTimeout(120_000);
    this.contexts.push(context);
    return context;
  }

  /** A page that has loaded the package. @param context of an earlier page, for a second visit */
  async page(
    context?: BrowserContext,
    { path = "/pages/plain.html", origin = this.server.origin, before }: PageOptions = {},
  ): Promise<Page> {
    const page = await (context ?? (await this.context())).newPage();
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    if (before) await page.addInitScript(before);
    await page.goto(origin + path);
    await page.waitForFunction("window.lib !== undefined");
    return page;
  }

  async closeContexts(): Promise<void> {
    await Promise.all(this.contexts.splice(0).map((c) => c.close()));
  }
}

export interface PageOptions {
  path?: string;
  origin?: string;
  /** Runs in the page before its own scripts. */
  before?: string;
}

/** A describe block with a Chromium and a server; not run on machines that lack Chromium, gcc or lavapipe. */
export function describePage(name: string, body: (lab: Lab) => void, adapter: Adapter = "lavapipe"): void {
  describe.skipIf(missing().length > 0)(name, { timeout: 180_000 }, () => {
    const lab = new Lab();
    beforeAll(() => lab.open(adapter));
    afterEach(() => lab.closeContexts());
    afterAll(() => lab.close());
    body(lab);
  });
}
