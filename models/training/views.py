"""The exact views of every picture of a part of the split, as it is, degraded and moved, so that any network can be run on
them quickly.

    python views.py LISTS IMAGES VIEWS --split split.csv [--part added]

Writes one VIEWS/OWNER+NAME.npz for each repository; those that exist are kept, so that a stopped run can go on.
"""
import argparse, pathlib, sys

import numpy as np

import data

VERSIONS = ("original", "draw0", "moved")


def version(image, name, key):
    if name == "original":
        return image
    change, seed = (data.move, "move") if name == "moved" else (data.degrade, "degrade")
    return change(image, data.rng(seed, key, name))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("lists")
    ap.add_argument("images", type=pathlib.Path)
    ap.add_argument("views", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--part", default="calibration")
    a = ap.parse_args()
    part = data.read_split(a.split)
    by_repo = {}
    for row, box in data.pictures(a.lists, None, part):
        if part[row["repo"]] == a.part:
            by_repo.setdefault(row["repo"], []).append((row, box))
    a.views.mkdir(parents=True, exist_ok=True)
    for count, (repo, items) in enumerate(sorted(by_repo.items()), 1):
        target = a.views / (repo.replace("/", "+") + ".npz")
        if target.exists():
            continue
        out = {name: [] for name in ("views", "kind", "group", "version", "key", "short_side")}
        for row, box in items:
            sha = row["sha256"]
            try:
                image = data.decode(a.images / sha[:2] / sha)
            except Exception as error:  # a broken or missing file is left out, and said
                print(f"{repo}: {row['path']}: {error}", file=sys.stderr)
                continue
            if box[2]:
                image = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
            if min(image.size) < data.MIN_SIDE:
                continue
            key = f"{sha}:{box[0]},{box[1]}"
            for name in VERSIONS:
                out["views"].append(data.views(version(image, name, key)))
                out["kind"].append(row["kind"])
                out["group"].append(data.group(row["kind"], row["generator_or_source"]))
                out["version"].append(name)
                out["key"].append(key)
                out["short_side"].append(min(image.size))
        if out["views"]:
            partial = target.with_suffix(".part")
            with open(partial, "wb") as f:
                np.savez(f, **{name: np.array(value) for name, value in out.items()})
            partial.rename(target)
        print(f"{count}/{len(by_repo)} {repo} {len(out['views'])}", flush=True)


if __name__ == "__main__":
    main()
