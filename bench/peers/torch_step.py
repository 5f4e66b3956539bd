"""A G and a D step of SPADE in PyTorch, as bench:train's peer on the same CPU.

The nets, losses and updates of the published code, for the options of bench/lib/training.ts: hinge loss, feature matching, SqueezeNet as
perceptual loss (our weights), the encoder (VAE), spectral norm on G, D and E, Adam with two time scales. Values of weights are random:
what is compared is the time of the same work. Messages are lines of JSON: open prepares, step runs one G and one D step and answers with
its wall and CPU milliseconds. Convolutions run on oneDNN; `layout` is contiguous (NCHW) or channels_last (NHWC), and the caller takes the
faster one.
"""

import base64
import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

FIRES = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
AFTER_POOL, TAPS = {2, 5, 9}, {3, 5, 7, 9}
TAP_WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]


class SpadeNorm(nn.Module):
    def __init__(self, channels, labels):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Conv2d(labels, 128, 3, padding=1)
        self.gamma = nn.Conv2d(128, channels, 3, padding=1)
        self.beta = nn.Conv2d(128, channels, 3, padding=1)

    def forward(self, x, seg):
        a = F.relu(self.shared(F.interpolate(seg, size=x.shape[2:], mode="nearest")))
        return self.norm(x) * (1 + self.gamma(a)) + self.beta(a)


class SpadeBlock(nn.Module):
    def __init__(self, cin, cout, labels):
        super().__init__()
        mid = min(cin, cout)
        self.norm_0, self.norm_1 = SpadeNorm(cin, labels), SpadeNorm(mid, labels)
        self.conv_0 = spectral_norm(nn.Conv2d(cin, mid, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(mid, cout, 3, padding=1))
        self.learned = cin != cout
        if self.learned:
            self.norm_s = SpadeNorm(cin, labels)
            self.conv_s = spectral_norm(nn.Conv2d(cin, cout, 1, bias=False))

    def forward(self, x, seg):
        skip = self.conv_s(self.norm_s(x, seg)) if self.learned else x
        y = self.conv_0(F.leaky_relu(self.norm_0(x, seg), 0.2))
        return skip + self.conv_1(F.leaky_relu(self.norm_1(y, seg), 0.2))


class Generator(nn.Module):
    def __init__(self, c):
        super().__init__()
        nf, self.first = c["ngf"], c["size"] // 32
        self.fc = nn.Linear(c["z_dim"], 16 * nf * self.first**2)
        widths = [(16, 16), (16, 16), (16, 16), (16, 8), (8, 4), (4, 2), (2, 1)]
        self.blocks = nn.ModuleList(SpadeBlock(i * nf, o * nf, c["labels"]) for i, o in widths)
        self.conv_img = nn.Conv2d(nf, 3, 3, padding=1)

    def forward(self, z, seg):
        x = self.fc(z).view(z.shape[0], -1, self.first, self.first)
        for i, block in enumerate(self.blocks):
            # The published net does not upsample between its two middle blocks.
            x = block(x if i in (0, 2) else F.interpolate(x, scale_factor=2, mode="nearest"), seg)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


def normed(cin, cout, k, stride, pad):
    return nn.Sequential(spectral_norm(nn.Conv2d(cin, cout, k, stride, pad, bias=False)), nn.InstanceNorm2d(cout))


class Scale(nn.Module):
    def __init__(self, channels, nf):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(channels, nf, 4, 2, 2),
                normed(nf, 2 * nf, 4, 2, 2),
                normed(2 * nf, 4 * nf, 4, 2, 2),
                normed(4 * nf, 8 * nf, 4, 1, 2),
                nn.Conv2d(8 * nf, 1, 4, 1, 2),
            ]
        )

    def forward(self, x):
        out = []
        for layer in self.layers:
            x = layer(x)
            if layer is not self.layers[-1]:
                x = F.leaky_relu(x, 0.2)
            out.append(x)
        return out


class Discriminator(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.scales = nn.ModuleList(Scale(c["labels"] + 3, c["ndf"]) for _ in range(2))

    def forward(self, x):
        out = []
        for scale in self.scales:
            out.append(scale(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return out


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        widths = [3] + [m * c["ngf"] for m in (1, 2, 4, 8, 8, 8)]
        self.layers = nn.ModuleList(normed(i, o, 3, 2, 1) for i, o in zip(widths, widths[1:]))
        self.mu, self.logvar = (nn.Linear(16 * widths[-1], c["z_dim"]) for _ in range(2))

    def forward(self, x):
        x = F.interpolate(x, size=(256, 256), mode="bilinear", align_corners=False)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        x = x.flatten(1)
        return self.mu(x), self.logvar(x)


def read_safetensors(path):
    """The tensors of a file by name, as float32."""
    with open(path, "rb") as f:
        data = f.read()
    n = int.from_bytes(data[:8], "little")
    types = {"F32": np.float32, "F16": np.float16}
    tensors = {}
    for name, t in json.loads(data[8 : 8 + n]).items():
        if name == "__metadata__":
            continue
        start, end = t["data_offsets"]
        values = np.frombuffer(data[8 + n + start : 8 + n + end], types[t["dtype"]])
        tensors[name] = torch.from_numpy(values.astype(np.float32).reshape(t["shape"]))
    return tensors


def squeezenet(w, x):
    """The feature maps of a picture, which conv1 takes as it is: the conversion that our net folds into the weights costs nothing there."""

    def conv(name, x, **options):
        return F.relu(F.conv2d(x, w[name + ".weight"], w[name + ".bias"], **options))

    x = conv("conv1", x, stride=2)
    taps = [x]
    for i in range(2, 10):
        name = f"fire{i}"
        if i in AFTER_POOL:
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        s = conv(name + ".squeeze", x)
        x = torch.cat([conv(name + ".expand1x1", s), conv(name + ".expand3x3", s, padding=1)], 1)
        if i in TAPS:
            taps.append(x)
    return taps


class Training:
    """One G and one D step at a time. `amp`: forward passes in float16 where autocast says so."""

    def __init__(self, c, layout, device="cpu", amp=False):
        torch.manual_seed(1)
        self.device, self.amp = device, amp
        self.format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self.c = c
        self.G, self.D, self.E = (net(c).to(device, memory_format=self.format) for net in (Generator, Discriminator, Encoder))
        weights = read_safetensors(c["squeezenet"])
        self.V = {k: self.placed(t) if t.dim() == 4 else t.to(device) for k, t in weights.items()}
        ids = np.frombuffer(base64.b64decode(c["ids"]), np.uint8).reshape(c["batch"], 1, c["size"], c["size"])
        onehot = torch.zeros(c["batch"], c["labels"], c["size"], c["size"])
        self.seg = self.placed(onehot.scatter_(1, torch.from_numpy(ids.astype(np.int64)), 1.0))
        self.image = self.placed(torch.randn(c["batch"], 3, c["size"], c["size"]).clamp(-2, 2) / 2)
        of_g = [*self.G.parameters(), *self.E.parameters()]
        self.opt_g = torch.optim.Adam(of_g, lr=1e-4, betas=(0, 0.9))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=4e-4, betas=(0, 0.9))

    def placed(self, t):
        return t.to(self.device).contiguous(memory_format=self.format)

    def paint(self):
        mu, logvar = self.E(self.image)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.G(z, self.seg), -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp())

    def judge(self, fake):
        pairs = torch.cat([torch.cat([self.seg, fake], 1), torch.cat([self.seg, self.image], 1)], 0)
        return self.D(self.placed(pairs))

    def generator_loss(self):
        fake, kld = self.paint()
        scales, n = self.judge(fake), self.c["batch"]
        loss = 0.05 * kld
        for maps in scales:
            loss = loss - maps[-1][:n].mean() / len(scales)
            for t in maps[:-1]:
                loss = loss + 10 * (t[:n] - t[n:].detach()).abs().mean() / len(scales)
        with torch.no_grad():
            real = squeezenet(self.V, self.image)
        for weight, a, b in zip(TAP_WEIGHTS, squeezenet(self.V, fake), real):
            loss = loss + 10 * weight * (a - b).abs().mean()
        return loss

    def discriminator_loss(self):
        with torch.no_grad():
            fake, _ = self.paint()
        scales, n = self.judge(fake), self.c["batch"]
        loss = 0
        for maps in scales:
            loss = loss + (F.relu(1 + maps[-1][:n]).mean() + F.relu(1 - maps[-1][n:]).mean()) / len(scales)
        return loss

    def learn(self, optimizer, loss_of):
        optimizer.zero_grad()
        if self.amp:
            with torch.autocast(self.device, torch.float16):
                loss = loss_of()
        else:
            loss = loss_of()
        loss.backward()
        optimizer.step()

    def step(self):
        # D's gradients in the G step are not wanted, as ours are not computed.
        self.D.requires_grad_(False)
        self.learn(self.opt_g, self.generator_loss)
        self.D.requires_grad_(True)
        self.learn(self.opt_d, self.discriminator_loss)


def main():
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    trainings = {}
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "open":
            trainings = {layout: Training(message["config"], layout) for layout in message["layouts"]}
            reply = {"version": torch.__version__, "threads": torch.get_num_threads()}
        else:
            wall, cpu = time.perf_counter(), time.process_time()
            trainings[message["layout"]].step()
            reply = {"ms": 1e3 * (time.perf_counter() - wall), "cpu": 1e3 * (time.process_time() - cpu)}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
