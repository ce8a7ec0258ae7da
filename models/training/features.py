"""Features of every picture: the frozen backbone's, averaged over the three crops.

The head is linear, so the mean of the crops' logits is the logit of the crops' mean features.

    python features.py LISTS IMAGES FEATURES --split split.csv [--cap N]

Training pictures go through degraded draws only; calibration pictures are taken as they are and degraded;
test pictures as they are and at two fixed tiers. Writes one FEATURES/OWNER+NAME.npz for each
repository; those that exist are kept, so that a stopped run can go on.
"""
import argparse, pathlib, sys

import numpy as np

import data, network

VERSIONS = {
    "train": ("draw0", "draw1"),
    "calibration": ("original", "draw0", "draw1"),
    "test": ("original", "768q60", "512q40"),
}


def version(image, name, key):
    if name.startswith("draw"):
        return data.degrade(image, data.rng("degrade", key, name))
    return data.tier(image, name)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("lists")
    ap.add_argument("images", type=pathlib.Path)
    ap.add_argument("features", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--cap", type=int, default=data.CAP)
    a = ap.parse_args()
    part = data.read_split(a.split)
    by_repo = {}
    for row, box in data.pictures(a.lists, None, a.cap):
        if row["repo"] in part:
            by_repo.setdefault(row["repo"], []).append((row, box))
    a.features.mkdir(parents=True, exist_ok=True)
    # The same 16-bit weights as in the shipped file: the head learns on what it will see.
    run = network.session(network.build(network.backbone()).SerializeToString())
    for count, (repo, items) in enumerate(sorted(by_repo.items()), 1):
        target = a.features / (repo.replace("/", "+") + ".npz")
        if target.exists():
            continue
        features, kinds, groups, versions, keys, sides = [], [], [], [], [], []
        for row, box in items:
            sha = row["sha256"]
            try:
                image = data.decode(a.images / sha[:2] / sha)
            except Exception as error:  # a broken file is left out, and said
                print(f"{repo}: {row['path']}: {error}", file=sys.stderr)
                continue
            if box[2]:
                image = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
            if min(image.size) < data.MIN_SIDE:
                continue
            names = VERSIONS[part[repo]]
            key = f"{sha}:{box[0]},{box[1]}"
            crops = np.concatenate([data.views(version(image, name, key)) for name in names])
            out = run.run(None, {"input": network.normalise(crops)})[0]
            features.append(out.reshape(len(names), 3, -1).mean(1))
            kinds += [row["kind"]] * len(names)
            groups += [data.group(row["kind"], row["generator_or_source"])] * len(names)
            versions += names
            keys += [key] * len(names)
            sides += [min(image.size)] * len(names)
        if features:
            partial = target.with_suffix(".part")
            with open(partial, "wb") as f:
                np.savez(f, features=np.concatenate(features).astype(np.float32), kind=kinds, group=groups,
                         version=versions, key=keys, short_side=sides)
            partial.rename(target)
        print(f"{count}/{len(by_repo)} {part[repo]} {repo} {len(features)}", flush=True)


if __name__ == "__main__":
    main()
