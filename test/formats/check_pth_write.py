"""Does torch read what we wrote, and is it the same?   python3 check_pth_write.py ORIGINAL.pth CONVERTED.pth

CONVERTED comes from `spade-webgpu convert ORIGINAL.pth CONVERTED.pth`; both are plain state_dicts.
"""
import sys

import torch

want = torch.load(sys.argv[1], map_location="cpu")
want = {k.removeprefix("module."): v for k, v in want.items()}
for weights_only in (False, True):
    got = torch.load(sys.argv[2], weights_only=weights_only)
    assert list(got) == list(want), "keys differ"
    for k, v in want.items():
        assert got[k].dtype == v.dtype and torch.equal(got[k], v.detach()), k
print(f"equal: {len(want)} tensors")
