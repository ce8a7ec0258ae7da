"""Features of the calibration views: the small backbones', or the large tower's.

Two vectors for each picture: of the whole picture, and the mean over its crops. The head is linear, so the mean of the
crops' logits is the logit of their mean features.

    python features.py VIEWS FEATURES --split split.csv [--part added]
        [--backbone NPZ | --tower TOWER.npz [--updates NPZ]] [--most N [--photographs N]] [--versions original,draw0] [--jobs N]

`--most` takes the first N pictures of each kind of each repository. Writes one FEATURES/OWNER+NAME.npz for each
repository; those that exist are kept, so that a stopped run can go on.
"""
import argparse, collections, functools, multiprocessing, pathlib

import numpy as np

import clip, data, network

BATCH = 8


@functools.cache
def network_of(tower, updates, backbone):
    """What gives features of pixels. One for each process."""
    if tower:
        import torch
        torch.set_num_threads(1)
        trained = clip.updated(dict(np.load(tower)), dict(np.load(updates)) if updates else {})
        # The same weights as in the shipped file: the head learns on what it will see.
        model, normalise = clip.build(trained, output="features"), clip.normalise
    else:
        model, normalise = network.build(*network.backbones(backbone)), network.normalise
    session = network.session(model.SerializeToString())
    return lambda pixels: session.run(None, {"input": normalise(pixels)})[0]


def write(a, name):
    """The features of one repository."""
    run = network_of(a.tower, a.updates, a.backbone)
    with np.load(a.views / name) as f:
        rows = {key: f[key] for key in f.files}
    seen, use = collections.defaultdict(dict), []
    for i, (kind, key, version) in enumerate(zip(rows["kind"], rows["key"], rows["version"])):
        number = seen[kind].setdefault(key, len(seen[kind]))
        if number < (a.photographs or a.most if kind == "real" else a.most) and (not a.versions or version in a.versions.split(",")):
            use.append(i)
    views, out = rows.pop("views"), []
    for at in range(0, len(use), BATCH):
        part = views[use[at:at + BATCH]]
        each = run(part.reshape(-1, *part.shape[2:])).reshape(*part.shape[:2], -1)
        out.append(np.stack([each[:, 0], each[:, 1:].mean(1)], 1))
    partial = (a.features / name).with_suffix(".part")
    with open(partial, "wb") as f:
        np.savez(f, features=np.concatenate(out).astype(np.float32), **{key: value[use] for key, value in rows.items()})
    partial.rename(a.features / name)
    return f"{name} {len(use)}"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("views", type=pathlib.Path)
    ap.add_argument("features", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--part", default="calibration")
    ap.add_argument("--tower")
    ap.add_argument("--updates", help="what was trained of the tower: a large-K.npz of finetune.py, or head.npz")
    ap.add_argument("--backbone", help="the tuned backbone: a checkpoint of finetune.py")
    ap.add_argument("--most", type=int, default=10 ** 9)
    ap.add_argument("--photographs", type=int, help="in place of --most, of photographs: they set the thresholds")
    ap.add_argument("--versions")
    ap.add_argument("--jobs", type=int, default=1)
    a = ap.parse_args()
    a.features.mkdir(parents=True, exist_ok=True)
    names = [repo.replace("/", "+") + ".npz" for repo, part in sorted(data.read_split(a.split).items()) if part == a.part]
    names = [name for name in names if (a.views / name).exists() and not (a.features / name).exists()]
    with multiprocessing.get_context("spawn").Pool(a.jobs) as pool:
        for line in pool.imap_unordered(functools.partial(write, a), names):
            print(line, flush=True)


if __name__ == "__main__":
    main()
