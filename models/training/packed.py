"""Features of the packed training views, each after one augmentation: the small backbones', or the tower's.

    python packed.py PACK.. OUT.npz [--backbone NPZ | --tower TOWER.npz [--updates NPZ]] [--views whole,native,copy] [--most N]

`--most` takes the first N pictures of each kind of each repository.
"""
import argparse, collections, csv, io, pathlib, time

import numpy as np
import torch
from PIL import Image

import augment, clip, data, network

BATCH = 16


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pack", type=pathlib.Path, nargs="+")
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--tower")
    ap.add_argument("--updates", help="what was trained of the tower: a large-K.npz of finetune.py, or head.npz")
    ap.add_argument("--backbone", help="the tuned backbone: a checkpoint of finetune.py")
    ap.add_argument("--views", default="whole,native,copy")
    ap.add_argument("--most", type=int, default=10 ** 9)
    ap.add_argument("--minutes", type=float, default=1e9)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(data.SEED)
    if a.tower:
        tower = clip.updated(dict(np.load(a.tower)), dict(np.load(a.updates)) if a.updates else {})
        run, normalise = network.session(clip.build(tower, output="features").SerializeToString()), clip.normalise
    else:
        run, normalise = network.session(network.build(*network.backbones(a.backbone)).SerializeToString()), network.normalise
    views = a.views.split(",")
    jobs, taken = [], collections.Counter()
    for pack in a.pack:
        with open(pack / "index.csv", newline="") as f:
            for row in csv.DictReader(f):
                if row["part"] != "train" or row["view"] not in views:
                    continue
                group = row["repo"], row["kind"], row["view"]
                taken[group] += 1
                if taken[group] <= a.most:
                    jobs.append((taken[group] / a.most if a.most < 10 ** 9 else 0, pack, row))
    jobs.sort(key=lambda job: (job[2]["view"] != "whole", job[0]))  # every repository early, should time run out
    files = {pack: open(pack / "bytes.bin", "rb") for pack in a.pack}
    out, begin = collections.defaultdict(list), time.time()
    for kind in ("whole", "window"):
        mine = [j for j in jobs if (j[2]["view"] == "whole") == (kind == "whole")]
        for at in range(0, len(mine), BATCH):
            if time.time() - begin > a.minutes * 60:
                break
            part = mine[at:at + BATCH]
            pixels = np.zeros((len(part), 288 if kind == "window" else 256, 288 if kind == "window" else 256, 3), np.uint8)
            sizes = torch.zeros(len(part), 2)
            for i, (_, pack, row) in enumerate(part):
                files[pack].seek(int(row["offset"]))
                image = np.asarray(Image.open(io.BytesIO(files[pack].read(int(row["bytes"])))).convert("RGB"))
                sizes[i, 0], sizes[i, 1] = image.shape[:2]
                pixels[i, :image.shape[0], :image.shape[1]] = image
            x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
            x = augment.wholes(x) if kind == "whole" else augment.windows(x, sizes)
            shown = x.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
            out["features"].append(run.run(None, {"input": normalise(shown)})[0].astype(np.float32))
            for name in ("repo", "kind", "view", "key"):
                out[name] += [row[name] for _, _, row in part]
            if at // BATCH % 20 == 0:
                print(kind, at, "of", len(mine), round(time.time() - begin), "s", flush=True)
    np.savez(a.out, features=np.concatenate(out.pop("features")), **{k: np.array(v) for k, v in out.items()})


if __name__ == "__main__":
    main()
