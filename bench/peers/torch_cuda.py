"""COCO's net in PyTorch on a CUDA GPU, as bench:gpu's peer: pictures and training steps as a user who wants speed would run them.

    python3 torch_cuda.py '{"size": 256, "labels": 184, "ngf": 64, "ndf": 64, "z_dim": 256, "squeezenet": PATH,
                            "painting": [1, 8], "training": [1, 4], "runs": 20}'

Prints a line of JSON for each result: what, ms (the median), perSecond, or what failed. Painting: spectral norm folded into the weights,
eval mode, the one-hot map on the GPU already; float32 with TF32 off and on, float16 in channels_last, and torch.compile's
"reduce-overhead" last, because it compiles for long. Training: the steps of torch_step.py with TF32, and with autocast to float16 (without
a scale of the loss). Times are of CUDA events; on a CPU, where this file can be tried, of the host.
"""

import base64
import json
import statistics
import sys
import time

import numpy as np
import torch
from torch.nn.utils import remove_spectral_norm
from torch_step import Generator, Training

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WARM = 3


def timed(run, runs):
    for _ in range(WARM):
        run()
    times = []
    for _ in range(runs):
        if DEVICE == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            run()
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end))
        else:
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def tell(what, batch, run, runs, **more):
    """A mode that does not work here is told, not hidden."""
    name = f"{what}, batch {batch}"
    try:
        ms = timed(run, runs)
        row = {"what": name, "ms": ms, "perSecond": 1e3 * batch / ms, **more}
        if DEVICE == "cuda":
            row["note"] = f"{torch.cuda.max_memory_allocated() / 1e6:.0f} MB at most"
    except Exception as error:
        row = {"what": name, "note": f"does not run: {type(error).__name__}: {str(error).splitlines()[0][:160]}"}
    print(json.dumps(row), flush=True)


def tf32(on):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on


def folded(c):
    """A generator whose weights have been divided by their sigmas."""
    torch.manual_seed(1)
    net = Generator(c).eval()
    for module in net.modules():
        if hasattr(module, "weight_orig"):
            remove_spectral_norm(module)
    return net.to(DEVICE)


def ids_of(c, batch):
    """Regions of 16x16 pixels."""
    cells = np.random.default_rng(1).integers(0, c["labels"], (batch, c["size"] // 16, c["size"] // 16), np.uint8)
    return np.ascontiguousarray(cells.repeat(16, 1).repeat(16, 2))


def paintings(c, batch, compiled):
    ids = torch.from_numpy(ids_of(c, batch).astype(np.int64))[:, None]
    shape = (batch, c["labels"], c["size"], c["size"])
    seg = torch.zeros(shape).scatter_(1, ids, 1.0).to(DEVICE)
    z = torch.randn(batch, c["z_dim"], device=DEVICE)
    net = folded(c)
    with torch.inference_mode():
        if not compiled:
            for on in (False, True) if DEVICE == "cuda" else (False,):
                tf32(on)
                tell("picture, tf32" if on else "picture, f32", batch, lambda: net(z, seg), c["runs"])
        if DEVICE != "cuda":
            return
        net = net.half().to(memory_format=torch.channels_last)
        seg, z = seg.half().contiguous(memory_format=torch.channels_last), z.half()
        run = torch.compile(net, mode="reduce-overhead") if compiled else net
        name = "picture, f16, channels_last" + (", compiled" if compiled else "")
        tell(name, batch, lambda: run(z, seg), c["runs"])


def steps(c, batch):
    c = {**c, "batch": batch, "ids": base64.b64encode(ids_of(c, batch).tobytes()).decode()}
    for amp in (False, True) if DEVICE == "cuda" else (False,):
        tf32(True)
        if DEVICE == "cuda":
            torch.cuda.reset_peak_memory_stats()
        training = Training(c, "channels_last", DEVICE, amp)
        tell(f"a G and a D step, {'autocast f16' if amp else 'tf32'}", batch, training.step, max(3, c["runs"] // 2))


def main():
    c = json.loads(sys.argv[1])
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name(0) if DEVICE == "cuda" else "the CPU"
    print(json.dumps({"what": f"PyTorch {torch.__version__} on {name}"}), flush=True)
    for batch in c["painting"]:
        paintings(c, batch, False)
    for batch in c["training"]:
        steps(c, batch)
    for batch in c["painting"] if DEVICE == "cuda" else ():
        paintings(c, batch, True)


main()
