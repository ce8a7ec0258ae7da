"""Whether the coarse map points at the place: parts of AI pictures are put into photographs, and the map is looked at.

    python localise.py MODEL_FOLDER TEST [--most 60]

TEST is what `testset.py` wrote. Each photograph (long side 1,344 pixels at most) gets a rectangle of half its sides out of
an AI picture; then the whole goes through JPEG q90, so that no compression tells the parts apart. The control is the same
with another photograph's rectangle: what the map says there comes from the seam and from what is seen, not from the
generator. Windows are those of the library: 224 pixels, evenly spaced, up to 8 x 8. Prints a Markdown table.
"""
import argparse, pathlib

import numpy as np

import card, data, stability

MOST = 8      # windows beside one another, as in the library
LONG = 1344
PARTS = {"a part of an AI picture": "ai", "a part of another photograph (control)": "real"}


def starts(side):
    """Where the windows along a side begin: `starts` in the library's detector/local.rs."""
    count = min(-(-side // data.SIDE), MOST)
    return [at * (side - data.SIDE) // (count - 1) for at in range(count)] if count > 1 else [(side - data.SIDE) // 2]


def insert(photograph, other, draw):
    """The photograph with a rectangle of the other picture, and the rectangle."""
    width, height = photograph.width // 2, photograph.height // 2
    scale = max(width / other.width, height / other.height, min(1, LONG / max(other.size)))
    part = other.resize([max(side, round(whole * scale)) for side, whole in zip((width, height), other.size)])
    x, y = draw.randint(0, part.width - width), draw.randint(0, part.height - height)
    left, top = draw.randint(0, photograph.width - width), draw.randint(0, photograph.height - height)
    mixed = photograph.copy()
    mixed.paste(part.crop((x, y, x + width, y + height)), (left, top))
    return data.recompress(mixed, "jpeg", 90, 2), (left, top, left + width, top + height)


def cells(score, image, box):
    """The logit of each window, and the share of it that lies in the box."""
    left, top, right, bottom = box
    corners = [(x, y) for y in starts(image.height) for x in starts(image.width)]
    crops = np.stack([np.asarray(image.crop((x, y, x + data.SIDE, y + data.SIDE))) for x, y in corners])
    overlap = lambda start, low, high: max(0, min(start + data.SIDE, high) - max(start, low)) / data.SIDE
    return score(crops), np.array([overlap(x, left, right) * overlap(y, top, bottom) for x, y in corners])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("test", type=pathlib.Path)
    ap.add_argument("--most", type=int, default=60)
    a = ap.parse_args()
    numbers, _ = stability.opened(a.model)
    score = lambda crops: numbers(crops)[:, 1]  # the second number is that of crops
    first = {kind: [sorted(folder.iterdir())[:4] for folder in sorted((a.test / kind).iterdir())] for kind in PARTS.values()}
    photographs = [path for paths in first["real"] for path in paths]
    data.rng("localise").shuffle(photographs)
    print("| put in | photographs | AUC of windows inside against outside (95 %) | highest window lies inside | by chance |")
    print("|---|---|---|---|---|")
    for name, kind in PARTS.items():
        aucs, hits, chances = [], [], []
        for path in photographs:
            draw = data.rng("localise", path.name)
            photograph = data.shrink(data.decode(path), LONG, 1)
            others = [paths for paths in first[kind] if paths[0].parent != path.parent]
            other = data.decode(draw.choice(draw.choice(others)))
            if min(photograph.size) < 3 * data.SIDE or min(other.size) < 2 * data.SIDE:
                continue
            logits, inside = cells(score, *insert(photograph, other, draw))
            within, without = inside >= 0.75, inside <= 0.1
            if within.any() and without.any():
                aucs.append(card.auc(logits[within], logits[without]))
                hits.append(inside[logits.argmax()] >= 0.5)
                chances.append((inside >= 0.5).mean())
            if len(aucs) == a.most:
                break
        again = np.random.default_rng(data.SEED).choice(aucs, (2000, len(aucs))).mean(1)
        low, high = np.quantile(again, (0.025, 0.975))
        print(f"| {name} | {len(aucs)} | {np.mean(aucs):.3f} ({low:.3f} to {high:.3f}) | {np.mean(hits):.0%} | {np.mean(chances):.0%} |")


if __name__ == "__main__":
    main()
