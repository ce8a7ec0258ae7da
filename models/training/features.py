"""Features of the calibration and test views: the small backbone's (whole picture; mean of the crops), or the tower's.

The head is linear, so the mean of the crops' logits is the logit of the crops' mean features.

    python features.py VIEWS FEATURES --split split.csv --part calibration|test [--backbone NPZ | --tower TOWER.npz]
        [--most N] [--versions original,draw0]

`--most` takes the first N pictures of each kind of each repository. Writes one FEATURES/OWNER+NAME.npz for each
repository; those that exist are kept, so that a stopped run can go on.
"""
import argparse, collections, pathlib

import numpy as np

import clip, data, network

BATCH = 8


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("views", type=pathlib.Path)
    ap.add_argument("features", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--part", required=True, choices=("calibration", "test"))
    ap.add_argument("--tower")
    ap.add_argument("--backbone", help="a checkpoint of finetune.py, in place of the ImageNet weights")
    ap.add_argument("--most", type=int, default=10 ** 9)
    ap.add_argument("--versions")
    a = ap.parse_args()
    if a.tower:
        import torch
        torch.set_num_threads(1)
        tower = clip.Tower(dict(np.load(a.tower))).eval()
        model, normalise = clip.build(tower, half=False, output="features"), clip.normalise
    else:
        # The same 16-bit weights as in the shipped file: the head learns on what it will see.
        model, normalise = network.build(network.backbone(a.backbone)), network.normalise
    session = network.session(model.SerializeToString())
    run = lambda pixels: session.run(None, {"input": normalise(pixels)})[0]
    a.features.mkdir(parents=True, exist_ok=True)
    for repo, part in sorted(data.read_split(a.split).items()):
        name = repo.replace("/", "+") + ".npz"
        target = a.features / name
        if part != a.part or target.exists() or not (a.views / name).exists():
            continue
        with np.load(a.views / name) as f:
            rows = {key: f[key] for key in f.files}
        seen, use = collections.defaultdict(dict), []
        for i, (kind, key, version) in enumerate(zip(rows["kind"], rows["key"], rows["version"])):
            number = seen[kind].setdefault(key, len(seen[kind]))
            if number < a.most and (not a.versions or version in a.versions.split(",")):
                use.append(i)
        views = rows.pop("views")
        if a.tower:
            out = [run(views[use[at:at + BATCH], 0])[:, None] for at in range(0, len(use), BATCH)]
        else:
            out = []
            for at in range(0, len(use), BATCH):
                part = views[use[at:at + BATCH]]
                each = run(part.reshape(-1, *part.shape[2:])).reshape(len(part), 4, -1)
                out.append(np.stack([each[:, 0], each[:, 1:].mean(1)], 1))
        partial = target.with_suffix(".part")
        with open(partial, "wb") as f:
            np.savez(f, features=np.concatenate(out).astype(np.float32), **{key: value[use] for key, value in rows.items()})
        partial.rename(target)
        print(repo, len(use), flush=True)


if __name__ == "__main__":
    main()
