// npm run bench:host [-- FAMILY] [--rounds N] [--against PROGRAM] [--json FILE]: what the host spends on a picture, beside bare Dawn calls
// for the same dispatches, uploads and read-back. On the null device (scripts/null/), where the adapter takes no time; ms of CPU of all
// threads, medians. COCO's net at 256x256, f16.
//   --against  a program of another checkout that answers the messages of bench/host/child.ts; it takes turns with this one

import { fork, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { answer, type Answer, type Cost, type Ready, type Request } from "./host/child.ts";
import { root } from "./lib/maps.ts";
import { commit, median } from "./lib/measure.ts";
import { FAMILIES, isFamily, nullEnvironment, whyNot } from "./static/spawn.ts";

const CHILD = "--answer";

class Painter {
  private readonly child: ChildProcess;
  readonly ready: Promise<Ready>;

  constructor(program: string, args: string[], family: string) {
    const env = { ...process.env, ...nullEnvironment(family, "") };
    this.child = fork(program, args, { env, stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.ready = this.next();
    // Whoever awaits it hears of a failure.
    this.ready.catch(() => undefined);
  }

  private next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      let said = "";
      this.child.stderr!.on("data", (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2000)));
      const ended = (): void => reject(new Error(`bench:host: the painting process ended: ${said}`));
      this.child.once("exit", ended);
      this.child.once("message", (message) => {
        this.child.off("exit", ended);
        this.child.stderr!.removeAllListeners("data").resume();
        resolve(message as T);
      });
    });
  }

  ask(request: Request): Promise<Answer> {
    const answered = this.next<Answer>();
    this.child.send(request);
    return answered;
  }

  end(): void {
    this.child.kill();
  }
}

interface Costs {
  ours: Cost[];
  bare: Cost[];
  other: Cost[];
}

const middle = (costs: readonly Cost[], of: keyof Cost = "cpu"): number => median(costs.map((c) => c[of]));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string", default: "3" }, against: { type: "string" }, json: { type: "string" } },
  });
  const [family = FAMILIES[0]] = positionals;
  const problem = isFamily(family) ? whyNot() : `"${family}" is no family of GPUs; use such as ${FAMILIES.join(", ")}`;
  if (problem) {
    console.error(`bench:host: ${problem}`);
    return 1;
  }
  const ours = new Painter(join(root, "dist", "bench", "host.js"), [CHILD], family);
  const other = values.against === undefined ? undefined : new Painter(values.against, [], family);
  const about = await ours.ready;
  const otherAbout = await other?.ready;
  console.log(
    `${about.adapter}: ${about.pipelines} pipelines, opened in ${(about.compileMs / 1e3).toFixed(1)} s${otherAbout?.pipelines ? `; the other: ${otherAbout.pipelines}` : ""}`,
  );
  const results: Record<string, Costs> = {};
  for (const what of ["new map", "new style"]) {
    const costs: Costs = (results[what] = { ours: [], bare: [], other: [] });
    let calls: Answer["calls"];
    for (let i = 0; i < (Number(values.rounds) + 1) * about.maps; i++) {
      const request = { map: what === "new map" ? i % about.maps : undefined, style: i };
      const answered = await ours.ask({ ...request, bare: i % 2 ? "before" : "after" });
      const otherAnswered = await other?.ask(request);
      calls = answered.calls;
      // In the first round buffers grow and code is compiled.
      if (i < about.maps) continue;
      costs.ours.push(answered.ours);
      costs.bare.push(answered.bare!);
      if (otherAnswered) costs.other.push(otherAnswered.ours);
    }
    const [a, b] = [middle(costs.ours), middle(costs.bare)];
    const versus = other
      ? `; the other ${middle(costs.other).toFixed(2)} ms, ${(middle(costs.other) / a).toFixed(2)} x as much`
      : "";
    console.log(
      `${what.padEnd(9)} ${a.toFixed(2)} ms of CPU (${middle(costs.ours, "ms").toFixed(2)} ms), bare calls ${b.toFixed(2)} (${middle(costs.bare, "ms").toFixed(2)}): ${(a / b).toFixed(2)} x${versus}   [${calls!.launches} launches, ${calls!.uploads} uploads of ${(calls!.bytes / 1024).toFixed(0)} KiB, ${calls!.submits} submits]`,
    );
  }
  if (values.json)
    writeFileSync(values.json, JSON.stringify({ ...about, commit: commit(), node: process.version, results }, null, 1));
  ours.end();
  other?.end();
  return 0;
}

if (process.argv[2] === CHILD) await answer();
else {
  try {
    process.exit(await main());
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
