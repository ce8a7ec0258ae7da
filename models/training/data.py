"""Pictures: which ones, which part of the split, how they are decoded, degraded and cut.

Everything here is seeded and depends only on the lists, so that a second run draws the same
pictures, the same tiles and the same degradations.

    python data.py split LISTS --reserved reserved.txt --out split.csv
    python data.py extract LISTS CLONES IMAGES --split split.csv
    python data.py sources LISTS --split split.csv
"""
import argparse, csv, hashlib, io, pathlib, random, re, subprocess, sys

import numpy as np
from PIL import Image, ImageFile, ImageOps

Image.MAX_IMAGE_PIXELS = None
ImageFile.LOAD_TRUNCATED_IMAGES = False

LISTS = ("train.csv", "train-ai.csv", "train-real.csv", "train-faces.csv")
# The project's own lists, beside this file. test2 to test4 were tests once.
OWN = [pathlib.Path(__file__).parent / "data" / f"{name}.csv" for name in ("extra", "test2", "extra2", "extra3", "test3", "extra4", "test4", "extra5")]
FACES = {"face_real": "real", "face_fake": "ai"}  # what the list of faces calls them
KINDS = ("ai", "real", "hard_real")
SEED = 20261125
CAP = 120        # calibration and test
TRAIN_CAP = 250  # training: variety is worth more than even counts, weights even them out
SIDE = 224
MIN_SIDE = 64

# Fewer pictures where a repository repeats itself: aligned faces, or few prompts.
CAPS = {
    "BaseMax/FakeFaces": 80,
    "hmdghoul/generated-faces": 80,
    "dinablachman/realorfake": 60,
    "wyrde/wyrde-comfyui-workflows": 60,
}

# Faces of the list of faces: many, and all alike.
FACE_CAPS = {"real": 60, "ai": 30}

# Sheets that the lists do not mark as sheets.
SHEETS = {"SupaGruen/StableDiffusion-CheatSheet": "|grid2x2 tile512"}

# Their label is not clean for single files (screenshots of a user interface among the pictures).
SKIP = {"ltdrdata/ComfyUI-extension-tutorials"}

# These share pictures, or draw on the same collection: always on one side of the split.
FAMILIES = (
    ("EvoLinkAI/awesome-gpt-image-2-prompts", "freestylefly/awesome-gpt-image-2", "wanghao137/gpt-image"),
    ("BIDS/BSDS500", "clausmichele/CBSD68-dataset", "jbhuang0604/SelfExSR", "cszn/KAIR"),
    ("chanakya2734/Image-classification-using-CNN", "quoctrung163/keras-cnn-on-cats-and-dogs-dataset"),
)

# The backbone learned from ImageNet, so its pictures may not test it.
TRAIN_ONLY = {"EliSchwartz/imagenet-sample-images"}


def rng(*key):
    """A generator seeded by a text key, so that the order of the work does not matter."""
    digest = hashlib.sha256("|".join(map(str, (SEED, *key))).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def rows(lists, reserved=None):
    """Rows of the lists that may be used, each file once (merged by SHA-256 over all lists)."""
    seen, out, whole = {}, [], set()
    for name in (*LISTS, *OWN):
        with open(pathlib.Path(lists) / name, newline="") as f:
            for row in csv.DictReader(f):
                repo = row["repo"]
                if name == "train-faces.csv":
                    if repo in whole:  # the other lists say what is drawn from it
                        continue
                    row["face"] = row["kind"] in FACES
                    row["kind"] = FACES.get(row["kind"], row["kind"])
                else:
                    whole.add(repo)
                if row["kind"] not in KINDS or repo in SKIP:
                    continue
                if reserved and hashlib.sha256(repo.lower().encode()).hexdigest() in reserved:
                    continue
                if row["sha256"] in seen:
                    continue
                seen[row["sha256"]] = repo
                row["generator_or_source"] += SHEETS.get(repo, "")
                out.append(row)
    return out


def boxes(row):
    """The boxes of the single pictures of a row: one, its only part that is one, or the tiles of a sheet."""
    width, height = int(row["width"]), int(row["height"])
    crop = re.search(r"\|crop(\d+),(\d+),(\d+),(\d+)", row["generator_or_source"])
    if crop:
        return [tuple(map(int, crop.groups()))]
    grid = re.search(r"\|grid(\d+)x(\d+)(?: tile(\d+))?(?: pad(\d+))?", row["generator_or_source"])
    if not grid:
        return [(0, 0, 0, 0)]  # the whole picture, after orientation
    columns, lines = int(grid[1]), int(grid[2])
    pad = int(grid[4] or 0)
    tile_w = int(grid[3] or width // columns)
    tile_h = int(grid[3] or height // lines)
    return [(pad + c * (tile_w + pad), pad + l * (tile_h + pad), tile_w, tile_h)
            for l in range(lines) for c in range(columns)]


def pictures(lists, reserved=None, part=None):
    """The seeded draw of pictures of each kind of each repository, as (row, box). With `part`, the split:
    its repositories alone, and more of each for training. The draw for calibration and test is that of
    version 1."""
    groups = {}
    for row in rows(lists, reserved):
        if min(int(row["width"] or 0), int(row["height"] or 0)) < MIN_SIDE:
            continue
        if part is not None and row["repo"] not in part:
            continue
        for box in boxes(row):
            groups.setdefault((row["repo"], row["kind"]), []).append((row, box))
    out = []
    for (repo, kind), items in sorted(groups.items()):
        items.sort(key=lambda item: (item[0]["sha256"], item[1]))
        rng("draw", repo, kind).shuffle(items)
        cap = TRAIN_CAP if (part or {}).get(repo) == "train" else CAP
        if items[0][0].get("face"):
            cap = FACE_CAPS[kind]
        out += items[: CAPS.get(repo, cap)]
    return out


def group(kind, generator):
    """A coarse group of sources, so that each part of the split holds some of each."""
    if kind != "ai":
        return kind
    for name, pattern in (("website", "Lovable|Replit"), ("gan", "GAN"),
                          ("service", "gpt|gemini|nano-banana|Midjourney|Firefly|Imagen")):
        if re.search(pattern, generator):
            return f"ai {name}"
    return "ai open"


def make_split(lists, reserved):
    """Give each repository to one part: about a sixth of each group to calibration, a sixth to test.
    A family that would fill more than a third of its group's share stays in training."""
    size, sources = {}, {}
    for row, _ in pictures(lists, reserved):
        repo, kind = row["repo"], row["kind"]
        size.setdefault(repo, dict.fromkeys(KINDS, 0))[kind] += 1
        name = group(kind, row["generator_or_source"])
        sources.setdefault(repo, {}).setdefault(name, 0)
        sources[repo][name] += 1
    family = {repo: names[0] for names in FAMILIES for repo in names}
    units = {}
    for repo in size:
        units.setdefault(family.get(repo, repo), []).append(repo)
    groups = {}
    for unit, repos in sorted(units.items()):
        main = max(sources[repos[0]], key=sources[repos[0]].get)
        groups.setdefault(main, []).append((repos, sum(sum(size[r].values()) for r in repos)))
    part, named = {}, {}
    for name, members in sorted(groups.items()):
        rng("split", name).shuffle(members)
        share = 0.19 * sum(n for _, n in members)
        filled = {"test": 0, "calibration": 0}
        for repos, n in members:
            free = [p for p in filled if filled[p] + n <= share]
            stays = TRAIN_ONLY & set(repos) or (len(repos) > 1 and n > share / 3)
            choice = min(free, key=filled.get) if free and not stays else "train"
            if choice != "train":
                filled[choice] += n
            for repo in repos:
                part[repo], named[repo] = choice, name
    return [(part[r], r, named[r], *(size[r][k] for k in KINDS)) for r in sorted(size, key=str.lower)]


def read_split(path):
    with open(path, newline="") as f:
        return {row["repository"]: row["part"] for row in csv.DictReader(f)}


def blobs(clone, paths):
    """Yield the bytes (or None) of each path at HEAD of a bare git clone."""
    git = subprocess.Popen(["git", f"--git-dir={clone}", "cat-file", "--batch"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for path in paths:
        git.stdin.write(f"HEAD:{path}\n".encode())
        git.stdin.flush()
        head = git.stdout.readline().split()
        if head[-1:] == [b"missing"] or len(head) < 3:
            yield None
            continue
        data = git.stdout.read(int(head[-1]))
        git.stdout.read(1)
        yield data
    git.stdin.close()
    git.wait()


def extract(lists, clones, out, split):
    """Copy the drawn files out of the clones, each checked by its SHA-256."""
    part = read_split(split)
    by_repo = {}
    for row, _ in pictures(lists, None, part):
        by_repo.setdefault(row["repo"], {})[row["sha256"]] = row["path"]
    missing = 0
    for repo, files in sorted(by_repo.items()):
        base = pathlib.Path(clones) / repo.replace("/", "+")
        clone = next((c for c in (base / "repo", base / "repo/.git", base) if (c / "HEAD").exists()), None)
        if clone is None:
            print(f"no clone of {repo}", file=sys.stderr)
            missing += len(files)
            continue
        wanted = [(sha, path) for sha, path in files.items() if not (pathlib.Path(out) / sha[:2] / sha).exists()]
        for (sha, path), data in zip(wanted, blobs(clone, [path for _, path in wanted])):
            if data is None or hashlib.sha256(data).hexdigest() != sha:
                print(f"{repo}: {path}: missing or changed", file=sys.stderr)
                missing += 1
                continue
            target = pathlib.Path(out) / sha[:2] / sha
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    print(f"{sum(map(len, by_repo.values())) - missing} files, {missing} missing")


def decode(source):
    """Decode to RGB, 8 bits: orientation applied, transparency over white. Colour profiles are ignored."""
    image = Image.open(source)
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # one channel of 16 bits
        grey = (np.asarray(image).astype(np.int64).clip(0, 65535) + 128) // 257
        image = Image.fromarray(grey.astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        pixels = np.asarray(image.convert("RGBA")).astype(np.int32)
        alpha = pixels[..., 3:]
        mixed = (pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return Image.fromarray(mixed.astype(np.uint8))
    image = image.convert("RGB")
    return Image.frombytes("RGB", image.size, image.tobytes())  # drops every metadata


def recompress(image, codec, quality, subsampling):
    """Through a codec and back. WebP knows only 4:2:0."""
    buffer = io.BytesIO()
    if codec == "jpeg":
        image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    else:
        image.save(buffer, "WEBP", quality=quality, method=2)
    buffer.seek(0)
    return Image.open(buffer).convert("RGB")


def shrink(image, long_side, kernel):
    """Make the long side at most `long_side`; never enlarge."""
    scale = long_side / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(side * scale)) for side in image.size], kernel)


def degrade(image, draw):
    """One draw of what happens to pictures on the web. The same distribution for both classes:
    neither size, format nor compression may tell the class."""
    def compress(picture):
        codec = "webp" if draw.random() < 0.25 else "jpeg"
        return recompress(picture, codec, draw.randint(40, 96), draw.choice((0, 1, 2, 2)))
    twice = draw.random() < 0.5
    if max(image.size) > 2048:  # nothing that is kept depends on more; saves time
        image = shrink(image, 2048, Image.Resampling.BOX)
    if twice:
        image = compress(image)
    long_side = round(2 ** draw.uniform(np.log2(288), np.log2(1536)))
    kernel = draw.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC,
                          Image.Resampling.LANCZOS, Image.Resampling.BOX))
    image = shrink(image, long_side, kernel)
    return compress(image)


def move(image, draw):
    """Another size, or a part of the picture: what no verdict should turn on."""
    width, height = image.size
    if draw.random() < 0.5:
        factor = 2 ** draw.uniform(-1, np.log2(1.5))
        return image.resize([max(1, round(side * factor)) for side in image.size], Image.Resampling.BICUBIC)
    factor = draw.uniform(0.5, 0.9)
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    x, y = draw.randint(0, width - w), draw.randint(0, height - h)
    return image.crop((x, y, x + w, y + h))


def enlarged(image):
    """A picture with a shorter side below SIDE is enlarged to it (Pillow's bilinear)."""
    width, height = image.size
    short = min(width, height)
    if short >= SIDE:
        return image
    fit = lambda side: max(SIDE, (2 * side * SIDE + short) // (2 * short))  # nearest
    return image.resize((fit(width), fit(height)), Image.Resampling.BILINEAR)


def views(image):
    """Uint8 [4, SIDE, SIDE, 3]: the whole picture, whatever its proportions, at SIDE squared (bilinear); then three
    crops at native resolution: centre, top left, bottom right."""
    image = enlarged(image)
    width, height = image.size
    corners = ((width - SIDE) // 2, (height - SIDE) // 2), (0, 0), (width - SIDE, height - SIDE)
    whole = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    crops = [image.crop((x, y, x + SIDE, y + SIDE)) for x, y in corners]
    return np.stack([np.asarray(view) for view in (whole, *crops)])


def sources(lists, split):
    """The sources as a Markdown table for the model's card: every repository, its use and its licence."""
    part, table = read_split(split), {}
    for row, _ in pictures(lists, None, part):
        if row["repo"] in part:
            entry = table.setdefault(row["repo"], {"kinds": {}, "what": [], "licence": set()})
            entry["kinds"].setdefault(row["kind"], 0)
            entry["kinds"][row["kind"]] += 1
            what = re.sub(r"\|(grid|crop|pair|mask).*| *\[.*", "", row["generator_or_source"]).replace("|", "/")
            if what not in entry["what"]:
                entry["what"].append(what)
            entry["licence"].add(row.get("licence") or "not given in the list")
    lines = ["| repository | part | pictures | what | licence |", "|---|---|---|---|---|"]
    for repo in sorted(table, key=str.lower):
        e = table[repo]
        what = ", ".join(e["what"][:3]) + (", and others" if len(e["what"]) > 3 else "")
        licence = ", ".join(sorted(e["licence"])).strip()
        lines.append(f"| {repo} | {part[repo]} | {', '.join(f'{n} {k}' for k, n in e['kinds'].items())} | {what} | {licence} |")
    return "\n".join(lines)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="command", required=True)
    s = sub.add_parser("split")
    s.add_argument("lists")
    s.add_argument("--reserved", required=True)
    s.add_argument("--out", required=True)
    e = sub.add_parser("extract")
    e.add_argument("lists")
    e.add_argument("clones")
    e.add_argument("images")
    e.add_argument("--split", required=True)
    t = sub.add_parser("sources")
    t.add_argument("lists")
    t.add_argument("--split", required=True)
    a = ap.parse_args()
    if a.command == "split":
        reserved = set(pathlib.Path(a.reserved).read_text().split())
        with open(a.out, "w", newline="") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow(("part", "repository", "group", *KINDS))
            writer.writerows(make_split(a.lists, reserved))
    elif a.command == "sources":
        print(sources(a.lists, a.split))
    else:
        extract(a.lists, a.clones, a.images, a.split)


if __name__ == "__main__":
    main()
