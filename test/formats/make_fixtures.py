"""Writes test/fixtures/formats: one set of tensors in every form that torch has saved it in, and what a reader must give.

    python3 test/formats/make_fixtures.py      (Debian's python3-torch 1.13 and numpy; run from the repository's root)
"""
import io
import json
import pickle
import struct
import tarfile
from collections import OrderedDict

import torch

OUT = "test/fixtures/formats/"
NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def raw(t):
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for k, t in tensors.items():
        b = raw(t)
        header[k] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(b)]}
        blobs.append(b)
        at += len(b)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def cases():
    torch.manual_seed(0)
    base = torch.randn(6, 5, 4)
    t = OrderedDict()
    t["f64"] = torch.randn(3, dtype=torch.float64)
    t["f32"] = torch.tensor([0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e-45])
    t["f16"] = torch.randn(2, 3).half()
    t["bf16"] = torch.randn(2, 3).bfloat16()
    t["i64"] = torch.tensor([0, -1, 2**62, -(2**63)])
    t["i32"] = torch.tensor([[1, -2**31]], dtype=torch.int32)
    t["i16"] = torch.tensor([-300, 300], dtype=torch.int16)
    t["i8"] = torch.tensor([-128, 127], dtype=torch.int8)
    t["u8"] = torch.tensor([0, 255], dtype=torch.uint8)
    t["bool"] = torch.tensor([True, False, True])
    t["scalar"] = torch.tensor(7)
    t["empty"] = torch.zeros(0, 3)
    t["whole"] = base
    t["slice"] = base[2:4]
    t["transposed"] = base.permute(2, 0, 1)
    t["stepped"] = base[::2, 1:, ::3]
    t["column"] = base[:, 3, 1]
    t["expanded"] = torch.arange(3.0).unsqueeze(1).expand(3, 4)
    t["parameter"] = torch.nn.Parameter(base[0].t())
    return t


def checkpoint(tensors):
    """As trainers save it: dictionaries in dictionaries, behind DataParallel's prefix, with things that are not tensors."""
    net = OrderedDict((("module." + k), v) for k, v in tensors.items())
    net._metadata = OrderedDict([("", {"version": 1})])
    return {"epoch": 3, "name": "x", "losses": [0.5, None, True], "nets": {"G": net}}


def write_tar(path, tensors):
    """torch 0.1's format, as its serialization.py wrote it."""
    storages, views, entries = io.BytesIO(), [], io.BytesIO()
    by_pointer, ids = {}, {}
    p = lambda obj, f: pickle.dump(obj, f, protocol=2)
    for k, t in tensors.items():
        s = t.storage()
        by_pointer.setdefault(s.data_ptr(), (2**40 + len(by_pointer), s, t.dtype))
        ids[k] = 2**41 + len(ids)
    p(len(by_pointer), storages)
    kinds = {torch.float64: "Double", torch.float32: "Float", torch.float16: "Half", torch.int64: "Long", torch.int32: "Int",
             torch.int16: "Short", torch.int8: "Char", torch.uint8: "Byte"}
    for key, s, dtype in by_pointer.values():
        p((key, "cpu", getattr(torch, kinds[dtype] + "Storage")), storages)
        storages.write(struct.pack("<q", len(s)) + raw(torch.tensor([], dtype=dtype).set_(s)))
    root = by_pointer[tensors["whole"].storage().data_ptr()]
    view_id = 2**42
    views.append((view_id, root[0], 20, 40))
    p(views, storages)
    p(len(tensors) + 1, entries)
    for k, t in tensors.items():
        p((ids[k], by_pointer[t.storage().data_ptr()][0], getattr(torch, kinds[t.dtype] + "Tensor")), entries)
        entries.write(struct.pack(f"<i4x{t.dim()}q{t.dim()}qq", t.dim(), *t.shape, *t.stride(), t.storage_offset()))
    p((2**43, view_id, torch.FloatTensor), entries)
    entries.write(struct.pack("<i4xqqq", 1, 10, 2, 4))

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return str(obj) if isinstance(obj, Id) else None

    class Id(int):
        pass

    body = io.BytesIO()
    Pickler(body, protocol=2).dump(OrderedDict([(k, Id(ids[k])) for k in tensors] + [("viewed", Id(2**43))]))
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as tar:
        for name, data in [("storages", storages), ("tensors", entries), ("pickle", body)]:
            member = tarfile.TarInfo(name)
            member.size = len(data.getvalue())
            tar.addfile(member, io.BytesIO(data.getvalue()))


t = cases()
write_safetensors(OUT + "expected.safetensors", t)
torch.save(checkpoint(t), OUT + "zip.pth")
torch.save(checkpoint(t), OUT + "zip_protocol4.pth", pickle_protocol=4)
torch.save(checkpoint(t), OUT + "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(checkpoint(t), OUT + "legacy_protocol4.pth", _use_new_zipfile_serialization=False, pickle_protocol=4)

# torch 0.1 had neither bool nor bfloat16, nor empty or scalar tensors.
old = OrderedDict((k, v.detach()) for k, v in t.items() if k not in ("bf16", "bool", "scalar", "empty"))
write_tar(OUT + "tar.pth", old)
loaded = torch.load(OUT + "tar.pth")
assert all(raw(loaded[k]) == raw(old[k]) for k in old)
assert torch.equal(loaded["viewed"], t["whole"].reshape(-1)[24:44:2])
