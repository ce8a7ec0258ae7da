"""How often harmless changes move a picture across a threshold: re-encoding, resizing, a corner crop.

    python stability.py MODEL_FOLDER LISTS IMAGES --split split.csv [--part test] [--most 4]

Takes the first pictures of each kind of each repository. For contracts with `views = "whole"` or "whole_and_crops".
Prints a Markdown table.
"""
import argparse, math, pathlib, tomllib

import numpy as np
from PIL import Image

import clip, data, network

CHANGES = {
    "JPEG q95": lambda i: data.recompress(i, "jpeg", 95, 2),
    "JPEG q85": lambda i: data.recompress(i, "jpeg", 85, 2),
    "JPEG q75": lambda i: data.recompress(i, "jpeg", 75, 2),
    "JPEG q60": lambda i: data.recompress(i, "jpeg", 60, 2),
    "JPEG q40": lambda i: data.recompress(i, "jpeg", 40, 2),
    "0.5 of the sides": lambda i: i.resize([max(1, round(s * 0.5)) for s in i.size], Image.Resampling.BICUBIC),
    "0.75 of the sides": lambda i: i.resize([max(1, round(s * 0.75)) for s in i.size], Image.Resampling.BICUBIC),
    "1.25 of the sides": lambda i: i.resize([round(s * 1.25) for s in i.size], Image.Resampling.BICUBIC),
    "1.5 of the sides": lambda i: i.resize([round(s * 1.5) for s in i.size], Image.Resampling.BICUBIC),
    "corner crop of 60 %": lambda i: i.crop((0, 0, round(i.width * 0.6), round(i.height * 0.6))),
}


def scorer(folder):
    """The probability of a picture, as the library computes it, and the model's thresholds."""
    contract = tomllib.loads((folder / "model.toml").read_text())
    run = network.session(str(folder / "model.onnx"))
    c, whole = contract["calibration"], contract["preprocess"]["views"] == "whole"
    normalise = clip.normalise if whole else network.normalise

    def score(image):
        views = data.views(image)
        logits = run.run(None, {"input": normalise(views[:1] if whole else views)})[0][:, 0]
        pooled = logits[0] if whole else (logits[0] + logits[1:].mean()) / 2
        return 1 / (1 + math.exp(-(c["slope"] * pooled + c["intercept"])))
    return score, {f"{p['max_fpr']}": p["threshold"] for p in contract["operating_points"]} | {"probability 0.5": 0.5}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("lists")
    ap.add_argument("images", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--part", default="test")
    ap.add_argument("--most", type=int, default=4)
    a = ap.parse_args()
    score, points = scorer(a.model)
    part, taken, before, after = data.read_split(a.split), {}, [], {name: [] for name in CHANGES}
    for row, box in data.pictures(a.lists, None, part):
        group = row["repo"], row["kind"]
        if part[row["repo"]] != a.part or taken.get(group, 0) >= a.most:
            continue
        try:
            image = data.decode(a.images / row["sha256"][:2] / row["sha256"])
        except Exception:
            continue
        if box[2]:
            image = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
        if min(image.size) < 2 * data.MIN_SIDE or max(image.size) > 3000:
            continue
        taken[group] = taken.get(group, 0) + 1
        before.append(score(image))
        for name, change in CHANGES.items():
            after[name].append(score(change(image)))
    before = np.array(before)
    print(f"{len(before)} pictures\n")
    print("| change | " + " | ".join(points) + " | mean change of the probability |")
    print("|---|" + "---|" * (len(points) + 1))
    for name, scores in after.items():
        scores = np.array(scores)
        moved = [f"{((before >= t) != (scores >= t)).mean():.1%}" for t in points.values()]
        print(f"| {name} | " + " | ".join(moved) + f" | {np.abs(before - scores).mean():.3f} |")


if __name__ == "__main__":
    main()
