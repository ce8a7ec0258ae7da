"""How often harmless changes move a picture across a threshold: re-encoding, resizing, a corner crop.

    python stability.py MODEL_FOLDER TEST [--most 4]

TEST is what `testset.py` wrote: TEST/KIND/OWNER+NAME/FILE. Takes the first pictures of each kind of each repository.
Prints a Markdown table.
"""
import argparse, math, pathlib, tomllib

import numpy as np
from PIL import Image

import clip, data, export, network

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


def opened(folder):
    """What gives the two numbers of a model's network for each view (uint8, [N, 224, 224, 3]), and its contract."""
    contract = tomllib.loads((folder / "model.toml").read_text())
    run = network.session(str(folder / "model.onnx"))
    normalise = (clip if contract["id"] == "ai-image-large" else network).normalise
    return lambda views: run.run(None, {"input": normalise(views)})[0], contract


def scorer(folder):
    """The probability of a picture, as the library computes it, and the model's thresholds."""
    numbers, contract = opened(folder)
    c = contract["calibration"]

    def score(image):
        return 1 / (1 + math.exp(-(c["slope"] * export.pooled(numbers(data.views(image))) + c["intercept"])))
    return score, {f"{p['max_fpr']}": p["threshold"] for p in contract["operating_points"]} | {"probability 0.5": 0.5}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("test", type=pathlib.Path)
    ap.add_argument("--most", type=int, default=4)
    a = ap.parse_args()
    score, points = scorer(a.model)
    before, after = [], {name: [] for name in CHANGES}
    folders = [folder for kind in data.KINDS for folder in sorted((a.test / kind).iterdir())]
    for path in [path for folder in folders for path in sorted(folder.iterdir())[:a.most]]:
        image = data.decode(path)
        if min(image.size) < 2 * data.MIN_SIDE or max(image.size) > 3000:
            continue
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
