"""Write the model file and its contract, and check the file against PyTorch.

    python export.py head.json OUT [--backbone NPZ] [--pictures FILE ...]

Writes OUT/model.onnx and OUT/model.toml.
"""
import argparse, hashlib, json, pathlib

import numpy as np
from PIL import Image

import data, network

CONTRACT = """schema = 1
id = "{id}"
version = {version}
name = "{name}"
detects = "ai_generated"          # the kind that a high probability means
licence = "MIT OR Apache-2.0"

[file]{built}
path = "model.onnx"
sha256 = "{sha256}"
bytes = {bytes}

[input]
name = "input"
layout = "nchw"                   # nchw | nhwc
color = "rgb"                     # rgb | bgr | gray
width = {side}
height = {side}

[preprocess]
views = "whole_and_crops"         # the whole picture at 224 x 224; then centre, top left, bottom right at native size
min_short_side = {side}              # smaller pictures are enlarged to this first (bilinear)
scale = 0.00392156862745098       # 1/255
mean = {mean}
std = {std}

[output]
name = "logit"
kind = "logit"                    # logit | probability | logits
pool = "first_and_rest_apart"     # two numbers a view, for the whole picture and for crops, which count the same together

[calibration]
method = "platt"                  # probability = sigmoid(slope * pooled logit + intercept)
slope = {slope:.6f}
intercept = {intercept:.6f}
prior = 0.5                       # share of AI pictures assumed
pictures = {pictures}

[gate]
min_side = {min_side}                     # a smaller picture is not applicable

[self_test]                       # what ONNX Runtime gives for a picture that every machine makes alike
output = {self_test:.6f}
tolerance = {tolerance}
"""

POINT = """
[[operating_points]]              # probability at or above threshold: flagged
max_fpr = {max_fpr}
threshold = {threshold:.4f}
photographs = {photographs}                 # how many held-out photographs it was measured on
"""


def contract(head, model, about, normaliser, tolerance):
    """The text of model.toml. `about`: id, version and name; `normaliser`: the module that knows mean and deviation."""
    text = CONTRACT.format(
        **{"built": "", **about}, sha256=hashlib.sha256(model).hexdigest(), bytes=len(model), side=data.SIDE,
        mean=list(normaliser.MEAN), std=list(normaliser.STD), slope=head["slope"], intercept=head["intercept"],
        pictures=head["calibration_pictures"], min_side=data.MIN_SIDE, self_test=self_test(model, normaliser),
        tolerance=tolerance)
    return text + "".join(POINT.format(**p) for p in head["operating_points"])


def self_test(model, normaliser):
    """The pooled logit of the picture that deepscreen's contracts test themselves with."""
    y, x, channel = np.mgrid[:240, :320, :3]
    picture = ((7 * x + 13 * y + 29 * channel + x * y // 64) % 256).astype(np.uint8)
    views = normaliser.normalise(data.views(Image.fromarray(picture)))
    return pooled(network.session(model).run(None, {"input": views})[0])


def pooled(logits):
    """What the logits [4, 2] of a picture's views say together."""
    return float((logits[0, 0] + logits[1:, 1].mean(dtype=np.float64)) / 2)


def heads(head):
    """Weights [2, features] and biases [2], for the whole picture and for crops, out of what `train.py` wrote."""
    return 2 * np.array(head["weight"]).reshape(2, -1), np.full(2, head["bias"])


def check(models, tuned, plain, head, pictures):
    """The largest difference of the logit to PyTorch's own layers, over random input and the pictures given."""
    import torch
    torch.set_num_threads(1)
    noise = np.random.default_rng(data.SEED).integers(0, 256, (6, data.SIDE, data.SIDE, 3), np.uint8)
    crops = np.concatenate([noise] + [data.views(data.decode(p)) for p in pictures])
    x = network.normalise(crops)
    with torch.no_grad():
        pixels = torch.from_numpy(x)
        features = [network.torch_features(tuned, pixels), network.torch_features(plain, pixels, network.LAST)]
        reference = torch.cat(features, 1).double().numpy() @ head[0].T + head[1]
    return {name: float(np.abs(network.session(model).run(None, {"input": x})[0] - reference).max())
            for name, model in models.items()}, float(np.abs(reference).max())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("head")
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--backbone", help="the tuned one: a checkpoint of finetune.py")
    ap.add_argument("--pictures", nargs="*", default=[])
    a = ap.parse_args()
    head = json.loads(pathlib.Path(a.head).read_text())
    linear = heads(head)
    nets = network.backbones(a.backbone)
    model = network.build(*nets, head=linear).SerializeToString(deterministic=True)
    (a.out / "model.onnx").write_bytes(model)
    about = {"id": "ai-image", "version": 6, "name": "AI image detector, small"}
    (a.out / "model.toml").write_text(contract(head, model, about, network, 0.001))
    full = network.build(*nets, head=linear, bits=32).SerializeToString()
    difference, largest = check({"32-bit weights": full, "as shipped": model}, *nets, linear, a.pictures)
    print(len(model), "bytes; largest difference of the logit to PyTorch:", difference, "largest logit:", largest)


if __name__ == "__main__":
    main()
