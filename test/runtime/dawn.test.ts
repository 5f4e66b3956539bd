import { describe, expect, test } from "vitest";
import { dawn, openNodeDevice, vulkanSettings } from "../../src/node/dawn.ts";

const LVP = "/usr/share/vulkan/icd.d/lvp_icd.json";
const machine = (platform: string, ...paths: string[]) => ({ platform, exists: (p: string) => paths.includes(p) });

describe("Vulkan settings follow from the environment and the machine alone", () => {
  const bare = machine("linux", LVP);
  const gpu = machine("linux", LVP, "/dev/dri/renderD128");
  const none = { XDG_RUNTIME_DIR: "/run/user/1" };

  test.for([
    ["no GPU: lavapipe", none, bare, { VK_ICD_FILENAMES: LVP }],
    ["a GPU: the loader decides", none, gpu, {}],
    ["a GPU, software wanted", { ...none, SPADE_ADAPTER: "software" }, gpu, { VK_ICD_FILENAMES: LVP }],
    ["no GPU, hardware wanted: an honest failure", { ...none, SPADE_ADAPTER: "hardware" }, bare, {}],
    ["NVIDIA in a container", none, machine("linux", LVP, "/dev/nvidiactl"), {}],
    ["an ICD is set already", { ...none, VK_ICD_FILENAMES: "/x.json" }, bare, {}],
    ["drivers are set already", { ...none, VK_DRIVER_FILES: "/x.json" }, bare, {}],
    ["no lavapipe installed", none, machine("linux"), {}],
    ["XDG_RUNTIME_DIR missing", {}, gpu, { XDG_RUNTIME_DIR: "/tmp" }],
    ["another system", {}, machine("darwin", LVP), {}],
  ] as const)("%s", ([, env, system, expected]) => {
    const before = { ...env };
    expect(vulkanSettings(env, system)).toEqual(expected);
    expect(env).toEqual(before);
  });
});

test("two callers at once get one Dawn instance", async () => {
  const [a, b] = await Promise.all([dawn(), dawn()]);
  expect(b).toBe(a);
  expect(await dawn()).toBe(a);
});

test("an adapter that is not there is an error that names those that are", async () => {
  await expect(openNodeDevice({ adapter: "no such thing" })).rejects.toMatchObject({
    code: "no-adapter",
    message: expect.stringMatching(/no such adapter \(found: .+\)/),
  });
});

test("an unknown SPADE_SIZES is refused", async () => {
  process.env.SPADE_SIZES = "both";
  try {
    await expect(openNodeDevice()).rejects.toThrow(
      /SPADE_SIZES=both: is not known; set it to mixed, override or uniform/,
    );
  } finally {
    delete process.env.SPADE_SIZES;
  }
});
