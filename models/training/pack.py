"""Small views of every training picture, in a few large files, so that training can start anywhere at once.

    python pack.py LISTS IMAGES PACK --split split.csv [--jobs 2]

Each training picture gives three JPEG or WebP files of at most 288 px: the whole picture, a window at native
resolution, and a window of a degraded copy. Which coder and quality is drawn in the same way for both classes.
Each validation picture (20 of each kind of each calibration repository) gives its exact views.

Writes PACK/index.csv and PACK/bytes.bin. `view` is whole, native, copy; or val0 (whole) and val1 to val3 (crops).
"""
import argparse, csv, io, multiprocessing, pathlib, sys

from PIL import Image

import data

WHOLE = 256
WINDOW = 288
VALIDATION = 20


def encode(image, draw):
    """One coder for both classes: half nearly untouched, half with the quality of the web."""
    buffer = io.BytesIO()
    choice = draw.random()
    if choice < 0.5:
        image.save(buffer, "JPEG", quality=93, subsampling=0)
    elif choice < 0.75:
        image.save(buffer, "JPEG", quality=draw.randint(72, 92), subsampling=draw.choice((0, 1, 2, 2)))
    else:
        image.save(buffer, "WEBP", quality=draw.randint(78, 94), method=2)
    return buffer.getvalue()


def window(image, draw):
    """A random window of at most WINDOW pixels a side; a smaller picture is enlarged as in use."""
    image = data.enlarged(image)
    width, height = image.size
    w, h = min(width, WINDOW), min(height, WINDOW)
    x, y = draw.randint(0, width - w), draw.randint(0, height - h)
    return image.crop((x, y, x + w, y + h))


def views(job):
    row, box, part, images, version = job
    sha = row["sha256"]
    try:
        image = data.decode(images / sha[:2] / sha)
    except Exception as error:  # a broken file is left out, and said
        return row, box, part, str(error)
    if box[2]:
        image = image.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    if min(image.size) < data.MIN_SIDE:
        return row, box, part, "too small"
    draw = data.rng("pack", version, sha, box[0], box[1])
    out = []
    if part == "train":
        copy = data.degrade(image, draw)
        whole = copy if draw.random() < 0.6 else image
        out.append(("whole", encode(whole.resize((WHOLE, WHOLE), Image.Resampling.BILINEAR), draw)))
        out.append(("native", encode(window(image, draw), draw)))
        out.append(("copy", encode(window(copy, draw), draw)))
    else:
        for number, view in enumerate(data.views(image)):
            buffer = io.BytesIO()
            Image.fromarray(view).save(buffer, "JPEG", quality=95, subsampling=0)
            out.append((f"val{number}", buffer.getvalue()))
    return row, box, part, out


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("lists")
    ap.add_argument("images", type=pathlib.Path)
    ap.add_argument("pack", type=pathlib.Path)
    ap.add_argument("--split", required=True)
    ap.add_argument("--jobs", type=int, default=1)
    a = ap.parse_args()
    part = data.read_split(a.split)
    jobs, taken = [], {}
    for row, box in data.pictures(a.lists, None, part):
        name, sha = part[row["repo"]], row["sha256"]
        if name == "test" or not (a.images / sha[:2] / sha).exists():
            continue
        group = (row["repo"], row["kind"])
        taken[group] = taken.get(group, 0) + 1
        if name == "train" or taken[group] <= VALIDATION:
            jobs.append((row, box, name, a.images, 0))
    data.rng("pack order").shuffle(jobs)
    a.pack.mkdir(parents=True, exist_ok=True)
    with open(a.pack / "bytes.bin", "wb") as big, open(a.pack / "index.csv", "w", newline="") as f, \
            multiprocessing.Pool(a.jobs) as pool:
        index = csv.writer(f, lineterminator="\n")
        index.writerow(("part", "repo", "kind", "key", "view", "offset", "bytes"))
        for count, (row, box, name, out) in enumerate(pool.imap(views, jobs, chunksize=8)):
            if isinstance(out, str):
                print(f"{row['repo']}: {row['path']}: {out}", file=sys.stderr)
                continue
            for view, blob in out:
                index.writerow((name, row["repo"], row["kind"], f"{row['sha256'][:16]}:{box[0]},{box[1]}",
                                view, big.tell(), len(blob)))
                big.write(blob)
            if count % 500 == 0:
                print(count, "of", len(jobs), big.tell() >> 20, "MB", flush=True)


if __name__ == "__main__":
    main()
