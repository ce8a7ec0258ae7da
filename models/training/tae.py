"""The tiny autoencoders of madebyollin (MIT): a photograph through the latent space of a diffusion model and back.

Weights: PREFIX_encoder.safetensors and PREFIX_decoder.safetensors, not part of the project.
"""
import json, pathlib, struct

import numpy as np
import torch
import torch.nn.functional as F

NAMES = ("taesd", "taesdxl", "taesd3", "taef1", "taef2")


def tensors(path):
    """A safetensors file."""
    blob = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", blob[:8])
    head = json.loads(blob[8:8 + size])
    types = {"F16": np.float16, "F32": np.float32}
    return {name: torch.from_numpy(np.frombuffer(blob, types[t["dtype"]], offset=8 + size + t["data_offsets"][0],
                                                 count=int(np.prod(t["shape"]))).reshape(t["shape"]).copy()).float()
            for name, t in head.items() if name != "__metadata__"}


class Half:
    """An encoder or a decoder, read off the names and shapes of its tensors."""

    def __init__(self, path, decoder, device, dtype):
        self.decoder = decoder
        self.t = {k: v.to(device, dtype) for k, v in tensors(path).items()}
        self.indices = sorted({int(k.split(".")[0]) for k in self.t})

    def conv(self, name, x, stride=1):
        w = self.t[name + ".weight"]
        return F.conv2d(x, w, self.t.get(name + ".bias"), stride, padding=w.shape[2] // 2)

    def block(self, i, x):
        if f"{i}.pool.0.weight" in self.t:
            h = self.conv(f"{i}.pool.0", x)
            h = F.relu(F.group_norm(h, 4, self.t[f"{i}.pool.1.weight"], self.t[f"{i}.pool.1.bias"]))
            x = x + self.conv(f"{i}.pool.3", h)
        h = F.relu(self.conv(f"{i}.conv.0", x))
        h = F.relu(self.conv(f"{i}.conv.2", h))
        return F.relu(self.conv(f"{i}.conv.4", h) + x)

    def __call__(self, x):
        if self.decoder:
            x = torch.tanh(x / 3) * 3
        first = self.indices[0]
        for i in self.indices:
            if f"{i}.conv.0.weight" in self.t:
                x = self.block(i, x)
            elif self.decoder:
                last = i == self.indices[-1]
                if not last and i != first:  # the convolution after each of the three enlargements
                    x = F.interpolate(x, scale_factor=2, mode="nearest")
                x = self.conv(f"{i}", x)
                if i == first:
                    x = F.relu(x)
            else:
                strided = f"{i}.bias" not in self.t
                x = self.conv(f"{i}", x, 2 if strided else 1)
        return x


class Pairs:
    """One of the autoencoders, drawn for each call."""

    def __init__(self, folder, device, dtype=torch.float32):
        self.models = [tuple(Half(pathlib.Path(folder) / f"{n}_{side}.safetensors", side == "decoder", device, dtype)
                             for side in ("encoder", "decoder")) for n in NAMES
                       if (pathlib.Path(folder) / f"{n}_encoder.safetensors").exists()]
        self.dtype = dtype

    @torch.no_grad()
    def __call__(self, x, which):
        """Pixels 0 to 1, sides a multiple of 8."""
        encode, decode = self.models[which % len(self.models)]
        return decode(encode(x.to(self.dtype))).float().clamp(0, 1)
