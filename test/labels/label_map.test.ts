import { describe, expect, it } from "vitest";
import { checkedLabels, checkInstances, type LabelMap } from "../../src/labels/label_map.ts";
import { SpadeError } from "../../src/runtime/errors.ts";

const map = (values: number[], width = values.length): LabelMap => ({
  data: Int32Array.from(values),
  width,
  height: values.length / width,
});

function errorOf(run: () => unknown): SpadeError {
  try {
    run();
  } catch (error) {
    if (error instanceof SpadeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("checked labels", () => {
  it("are the maps of the batch one after another, as int32, and the maps stay as they were", () => {
    const first = { data: new Uint8Array([0, 255, 3]), width: 3, height: 1 };
    const second = { data: new Uint16Array([1, 2, 255]), width: 3, height: 1 };
    expect([...checkedLabels([first, second], { labelCount: 4, dontCare: 3 })].slice(0, 6)).toEqual([0, 3, 3, 1, 2, 3]);
    expect([...first.data]).toEqual([0, 255, 3]);
    expect([...second.data]).toEqual([1, 2, 255]);
  });

  it("use the memory they are given, if it is enough", () => {
    const memory = new Int32Array(8);
    expect(checkedLabels([map([1, 0])], { labelCount: 2 }, memory)).toBe(memory);
    expect(checkedLabels([map(Array(9).fill(1))], { labelCount: 2 }, memory)).not.toBe(memory);
  });

  it("name the first pixel out of range, its value and the legal range", () => {
    const error = errorOf(() => checkedLabels([map([0, 1, 2, 1, 0, 7, 9, 0], 4)], { labelCount: 3 }));
    expect(error.code).toBe("label");
    expect(error.message).toBe(
      "label map: pixel (x 1, y 1) has the value 7, legal are 0..2; write the ids of the net's training labels, 0..2",
    );
  });

  it("name the map in a batch, and negative values", () => {
    const error = errorOf(() => checkedLabels([map([0, 0]), map([0, -1])], { labelCount: 3, dontCare: 2 }));
    expect(error.where).toBe("label map 2 of 2");
    expect(error.message).toMatch(
      /x 1, y 0\) has the value -1, legal are 0\.\.2; .* or 255 for don't care \(it becomes 2\)/,
    );
  });

  it("refuse 255 where the net has no don't care, and say when it would have a meaning", () => {
    const error = errorOf(() => checkedLabels([map([0, 255])], { labelCount: 34, dontCare: null }));
    expect(error.code).toBe("label");
    expect(error.message).toMatch(/value 255, legal are 0\.\.33; .*contain_dontcare_label/);
  });

  it("take 255 as a label like others in a net of more than 255 labels without don't care", () => {
    expect(checkedLabels([map([255, 299])], { labelCount: 300 })[0]).toBe(255);
    expect(checkedLabels([map([255, 299])], { labelCount: 301, dontCare: 300 })[0]).toBe(300);
  });

  it("refuse sizes that do not fit", () => {
    const bad = (maps: LabelMap[]): string => {
      const error = errorOf(() => checkedLabels(maps, { labelCount: 3 }));
      expect(error.code).toBe("shape");
      return error.message;
    };
    expect(bad([])).toMatch(/none is given/);
    expect(bad([{ data: new Uint8Array(5), width: 2, height: 3 }])).toMatch(/5 values for 2 x 3 pixels; .* 6 values/);
    expect(bad([{ data: new Uint8Array(0), width: 0, height: 3 }])).toMatch(/0 x 3/);
    expect(bad([map([0, 1]), map([0, 1], 1)])).toMatch(/label map 2 of 2: 1 x 2, where the first one is 2 x 1/);
    expect(bad([{ data: new Float32Array(2) as unknown as Uint8Array, width: 2, height: 1 }])).toMatch(/Float32Array/);
    expect(bad([{ data: undefined as unknown as Uint8Array, width: 2, height: 1 }])).toMatch(/type undefined/);
  });

  it("refuse a net's labels that make no sense", () => {
    expect(() => checkedLabels([map([0])], { labelCount: 0 })).toThrow(SpadeError);
    expect(() => checkedLabels([map([0])], { labelCount: 3, dontCare: 3 })).toThrow(SpadeError);
  });
});

describe("instance maps", () => {
  it("must be as many and as large as the label maps; their ids may be anything", () => {
    const labels = [map([0, 1, 2, 3], 2)];
    checkInstances(labels, [map([-5, 70000, 255, 0], 2)]);
    expect(() => checkInstances(labels, [map([0, 0, 0, 0])])).toThrow(/4 x 1, where the label map is 2 x 2/);
    expect(() => checkInstances(labels, [labels[0], labels[0]])).toThrow(/2 for 1 label maps/);
  });
});
