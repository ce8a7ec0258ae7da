"""The test set: copy its pictures out of clones and write lists for `deepscreen bench`.

    python testset.py CLONES OUT

`data/test5.csv` names the pictures, `data/test5.md` says what they are. Each file is checked by its SHA-256.
Pictures lie at OUT/KIND/OWNER+NAME/FILE as they are; where the list says |cropX,Y,W,H, that box alone (as PNG).
"""
import argparse, csv, hashlib, io, pathlib, re, sys

import data

LIST = pathlib.Path(__file__).parent / "data" / "test5.csv"
ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}  # MPO: a JPEG with more behind it
# What each list of the bench holds.
LISTS = {"list.csv": data.KINDS, "list-photographs.csv": ("ai", "real"), "list-hard.csv": ("ai", "hard_real")}


def source(row):
    """The generator or source of a picture, without what is to be done to the file."""
    return row["generator_or_source"].split("|")[0]


def group(row):
    """A generator, whatever repository it is from, where it is known; otherwise the repository."""
    return source(row) if row["kind"] == "ai" and "stated" not in source(row) else row["repo"]


def write(row, blob, out):
    """Write one picture, and return its path below `out`."""
    folder = out / row["kind"] / row["repo"].replace("/", "+")
    folder.mkdir(parents=True, exist_ok=True)
    crop = re.search(r"\|crop(\d+),(\d+),(\d+),(\d+)", row["generator_or_source"])
    if crop:
        x, y, width, height = map(int, crop.groups())
        target = folder / f"{row['sha256'][:16]}.png"
        data.decode(io.BytesIO(blob)).crop((x, y, x + width, y + height)).save(target)
    else:
        target = folder / f"{row['sha256'][:16]}.{ENDINGS[row['format']]}"
        target.write_bytes(blob)
    return target


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("clones", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    a = ap.parse_args()
    with open(LIST, newline="") as f:
        rows = list(csv.DictReader(f))
    written, missing = [], 0
    for repo in sorted({row["repo"] for row in rows}):
        base = a.clones / repo.replace("/", "+")
        clone = next((c for c in (base / "repo", base / "repo/.git", base) if (c / "HEAD").exists()), None)
        mine = [row for row in rows if row["repo"] == repo]
        blobs = data.blobs(clone, [row["path"] for row in mine]) if clone else [None] * len(mine)
        for row, blob in zip(mine, blobs):
            if blob is None or hashlib.sha256(blob).hexdigest() != row["sha256"]:
                print(f"{repo}: {row['path']}: missing or changed", file=sys.stderr)
                missing += 1
            else:
                written.append((row, write(row, blob, a.out)))
    for name, kinds in LISTS.items():
        with open(a.out / name, "w", newline="") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow(("path", "label", "group"))
            writer.writerows((path.relative_to(a.out), "fake" if row["kind"] == "ai" else "real", group(row))
                             for row, path in written if row["kind"] in kinds)
    print(f"{len(written)} pictures, {missing} missing")


if __name__ == "__main__":
    main()
