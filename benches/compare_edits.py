#!/usr/bin/env python3
"""What the comparison with an original says of copies and of forgeries: make both from photographs, and count.

    cargo build --release -p deepscreen --example compare --no-default-features
    python3 -m venv VENV
    VENV/bin/pip install -r fixtures/requirements.txt
    VENV/bin/python benches/compare_edits.py PHOTOS target/release/examples/compare [--faces FACES] [--count 160]
        [--edits 80] [--side 2048] [--workers 2] [--seed 1] [--only copies|forgeries] [--log CASES.jsonl]

PHOTOS holds photographs, FACES pictures of one upright face each, aligned as in FFHQ (without it no face is pasted). The
first COUNT photographs, in an order that the seed gives, go through every harmless operation, the first EDITS of them
through every edit, all reduced to a long side of SIDE pixels before. An edit that changes what it covers by less than 8 levels (root mean square) is tried elsewhere,
and left out where 40 places are all alike: smooth sky that replaces smooth sky can be seen by nobody.

Prints a table: what was done, the median and the largest PDQ distance, what the comparison said, and of edits the share
of boxes (the union of the boxes found and the box of the edit) that overlap."""

import argparse
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

RELATIONS = ["same_picture", "recompressed_or_resized", "altered", "not_comparable"]


# What happens to copies.


def scaled(image, by, how=Image.Resampling.LANCZOS):
    return image.resize([max(1, round(side * by)) for side in image.size], how)


def within(image, side, how=Image.Resampling.LANCZOS):
    return scaled(image, min(1, side / max(image.size)), how)


def cropped(image, share, rng):
    """The picture without `share` of each side, cut off at random ends."""
    width, height = image.size
    x, y = rng.uniform(0, share) * width, rng.uniform(0, share) * height
    return image.crop((int(x), int(y), int(x + width * (1 - share)), int(y + height * (1 - share))))


def mild_tone(image, rng):
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.88, 1.14))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.88, 1.15))
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.75, 1.3))
    warmth = rng.uniform(0.94, 1.06)
    red, green, blue = image.split()
    red = red.point(lambda value: min(255, round(value * warmth)))
    blue = blue.point(lambda value: min(255, round(value / warmth)))
    return Image.merge("RGB", (red, green, blue))


def screenshot(image, rng):
    """Shown 1080 pixels wide by another filter, a little other in tone, saved by the phone and sent on."""
    image = image.resize((1080, round(1080 * image.height / image.width)), Image.Resampling.BILINEAR)
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.94, 1.06))
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.95, 1.05))


COPIES = {
    "PNG": (lambda image, rng: image, "png"),
    "JPEG q95": (lambda image, rng: image, 95),
    "JPEG q75": (lambda image, rng: image, 75),
    "JPEG q50": (lambda image, rng: image, 50),
    "JPEG q30": (lambda image, rng: image, 30),
    "WebP q75": (lambda image, rng: image, "webp"),
    "half size, q75": (lambda image, rng: scaled(image, 0.5), 75),
    "a third, bilinear, q60": (lambda image, rng: scaled(image, 1 / 3, Image.Resampling.BILINEAR), 60),
    "double size, q75": (lambda image, rng: scaled(within(image, 1200), 2, Image.Resampling.BICUBIC), 75),
    "stretched by 10 %, q75": (lambda image, rng: image.resize((round(image.width * 1.1), image.height)), 75),
    "crop 5 %, q75": (lambda image, rng: cropped(image, 0.05, rng), 75),
    "crop 10 %, 768 px, q75": (lambda image, rng: within(cropped(image, 0.1, rng), 768), 75),
    "crop 20 %, q75": (lambda image, rng: cropped(image, 0.2, rng), 75),
    "mild tone, q75": (mild_tone, 75),
    "grey, q75": (lambda image, rng: ImageOps.grayscale(image).convert("RGB"), 75),
    "screenshot, q70": (screenshot, 70),
    "sharpened, 1080 px, q80": (
        lambda image, rng: within(image, 1080).filter(ImageFilter.UnsharpMask(1.5, 80, 2)),
        80,
    ),
    "q60 at 1280 px, then q40 at 800 px": (
        lambda image, rng: within(recoded(within(image, 1280), 60), 800),
        40,
    ),
    "mirrored, q75": (lambda image, rng: ImageOps.mirror(image), 75),
    "another photograph": (None, 85),
}

# Edits. Each takes the picture, a place (left, top, width, height), and gives the picture.


def patch(material, size, rng):
    """A part of another photograph."""
    other = ImageOps.fit(rng.choice(material), (max(size[0] * 2, 640), max(size[1] * 2, 640)))
    x, y = rng.randrange(other.width - size[0] + 1), rng.randrange(other.height - size[1] + 1)
    return other.crop((x, y, x + size[0], y + size[1]))


def feathered(size, oval=False, by=0.03):
    mask = Image.new("L", size, 0)
    inset = max(1, round(min(size) * by))
    draw = ImageDraw.Draw(mask)
    box = (inset, inset, size[0] - inset - 1, size[1] - inset - 1)
    (draw.ellipse if oval else draw.rectangle)(box, fill=255)
    return mask.filter(ImageFilter.GaussianBlur(inset / 2))


def pasted(image, place, rng, material):
    x, y, width, height = place
    image = image.copy()
    image.paste(patch(material["photos"], (width, height), rng), (x, y), feathered((width, height)))
    return image


def face(image, place, rng, material):
    """An oval face, its brightness and contrast as those of what it covers."""
    x, y, width, height = place
    image = image.copy()
    new = rng.choice(material["faces"]).crop((110, 90, 402, 470)).resize((width, height))
    old = np.asarray(image.crop((x, y, x + width, y + height)), np.float32)
    values = np.asarray(new, np.float32)
    contrast = max(0.6, min(1.3, old.std() / max(values.std(), 1)))
    middle = 0.5 * (old.mean((0, 1)) + values.mean((0, 1)))
    values = (values - values.mean((0, 1))) * contrast + middle
    new = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    image.paste(new, (x, y), feathered((width, height), oval=True, by=0.05))
    return image


def removed(image, place, rng, material):
    """Covered by what lies beside it."""
    x, y, width, height = place
    ways = [(-width, 0), (width, 0), (0, -height), (0, height)]
    fitting = [
        (x + dx, y + dy)
        for dx, dy in ways
        if 0 <= x + dx <= image.width - width and 0 <= y + dy <= image.height - height
    ]
    image = image.copy()
    from_x, from_y = rng.choice(fitting or [(0, 0)])
    source = image.crop((from_x, from_y, from_x + width, from_y + height))
    image.paste(source, (x, y), feathered((width, height), by=0.06))
    return image


def blurred(image, place, rng, material):
    x, y, width, height = place
    box = (x, y, x + width, y + height)
    image = image.copy()
    image.paste(image.crop(box).filter(ImageFilter.GaussianBlur(max(image.size) / 90)), (x, y))
    return image


def text(image, place, rng, material):
    x, y, width, height = place
    image = image.copy()
    draw = ImageDraw.Draw(image)
    words = rng.choice(["BREAKING NEWS", "Sample text 2026", "FOR SALE", "www.example.org"])
    font = ImageFont.load_default(size=height)
    left, top, right, bottom = font.getbbox(words)
    layer = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(layer).text((-left, -top), words, font=font, fill=255)
    colour = rng.choice([(255, 255, 255), (20, 20, 20), (230, 30, 30)])
    draw.bitmap((x, y), layer.resize((width, height), Image.Resampling.LANCZOS), fill=colour)
    return image


def recoloured(image, place, rng, material):
    """Another hue, the same brightness: both differences of colour turned, and a tint where there was none."""
    x, y, width, height = place
    box = (x, y, x + width, y + height)
    values = np.asarray(image.crop(box).convert("YCbCr"), np.float32)
    angle = rng.uniform(1.5, 4.5)
    blue, red = values[..., 1] - 128, values[..., 2] - 128
    tint = rng.choice([(18, -12), (-15, 18), (-18, -10)])
    values[..., 1] = 128 + np.cos(angle) * blue - np.sin(angle) * red + tint[0]
    values[..., 2] = 128 + np.sin(angle) * blue + np.cos(angle) * red + tint[1]
    new = Image.fromarray(values.clip(0, 255).astype(np.uint8), "YCbCr").convert("RGB")
    image = image.copy()
    image.paste(new, (x, y), feathered((width, height)))
    return image


EDITS = {
    "pasted region": (pasted, 1.3),
    "pasted face": (face, 0.77),
    "removed": (removed, 1.0),
    "blurred": (blurred, 1.2),
    "text": (text, 6.0),
    "recoloured": (recoloured, 1.0),
}
AREAS = [0.01, 0.03, 0.1]
SENT_ON = {"q85": (None, 85), "768 px, q60": (768, 60)}
LEAST_CHANGE = 8.0


def edited(image, name, area, rng, material):
    """The edited picture and its box, or None where every place is alike."""
    edit, aspect = EDITS[name]
    width = min(round((area * image.width * image.height * aspect) ** 0.5), int(0.9 * image.width))
    height = min(round(area * image.width * image.height / width), int(0.9 * image.height))
    before = np.asarray(image, np.float32)
    for _ in range(40):
        x, y = rng.randrange(image.width - width), rng.randrange(image.height - height)
        result = edit(image, (x, y, width, height), rng, material)
        part = (slice(y, y + height), slice(x, x + width))
        change = np.asarray(result, np.float32)[part] - before[part]
        if np.sqrt((change**2).mean()) >= LEAST_CHANGE:
            return result, (x, y, width, height)
    return None


def captioned(image, rng):
    bar = round(image.height * rng.uniform(0.08, 0.2))
    result = Image.new("RGB", (image.width, image.height + bar), (255, 255, 255))
    result.paste(image, (0, bar))
    font = ImageFont.load_default(size=max(8, bar // 3))
    ImageDraw.Draw(result).text((bar // 4, bar // 4), "When the caption says it all", font=font, fill=(0, 0, 0))
    return result, (0, 0, image.width, bar)


def bordered(image, rng):
    border = round(max(image.size) * 0.04)
    return ImageOps.expand(image, border, (0, 0, 0)), None


def recoded(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def save(image, how, path):
    if how == "png":
        image.save(path.with_suffix(".png"), compress_level=1)
        return path.with_suffix(".png")
    if how == "webp":
        image.save(path.with_suffix(".webp"), quality=75, method=2)
        return path.with_suffix(".webp")
    image.save(path.with_suffix(".jpg"), quality=how)
    return path.with_suffix(".jpg")


def overlap(boxes, truth):
    """Intersection over union of the pixels in any of the boxes and those in the true one."""
    if not boxes or truth is None:
        return 0.0
    right = max(x + width for x, _, width, _ in [*boxes, truth])
    bottom = max(y + height for _, y, _, height in [*boxes, truth])
    step = max(right, bottom) / 512
    found, true = np.zeros((512, 512), bool), np.zeros((512, 512), bool)
    for canvas, these in ((found, boxes), (true, [truth])):
        for x, y, width, height in these:
            rows = slice(round(y / step), round((y + height) / step))
            canvas[rows, slice(round(x / step), round((x + width) / step))] = True
    return float((found & true).sum() / max(1, (found | true).sum()))


def cases(path, index, options, material):
    """(name, picture, how it is saved, the box of the edit, mirrored) of one photograph."""
    rng = random.Random(f"{options.seed} {path.name}")
    with Image.open(path) as opened:
        image = within(ImageOps.exif_transpose(opened).convert("RGB"), options.side)
    if options.only != "forgeries":
        for name, (operation, how) in COPIES.items():
            done = operation(image, rng) if operation else rng.choice(material["photos"])
            yield name, done, how, None, name.startswith("mirrored")
    if options.only == "copies" or index >= options.edits:
        return
    makers = [("caption bar", captioned), ("border", bordered)]
    made = [(name, *make(image, rng)) for name, make in makers]
    for name in EDITS:
        if name == "pasted face" and not material["faces"]:
            continue
        for area in AREAS:
            result = edited(image, name, area, rng, material)
            if result:
                made.append((f"{name}, {area:.0%}", *result))
    for name, result, box in made:
        for sent, (side, quality) in SENT_ON.items():
            small = within(result, side) if side else result
            by = small.width / result.width
            yield f"{name} | {sent}", small, quality, box and [side * by for side in box], False


def work(arguments):
    path, index, options, material = arguments
    results = []
    with tempfile.TemporaryDirectory() as folder:
        made, original = [], Path(folder) / "original.png"
        with Image.open(path) as opened:
            within(ImageOps.exif_transpose(opened).convert("RGB"), options.side).save(original, compress_level=1)
        for at, (name, image, how, box, mirrored) in enumerate(cases(path, index, options, material)):
            made.append((save(image, how, Path(folder) / f"{at}"), name, box, mirrored))
        for mirrored in (False, True):
            chosen = [case for case in made if case[3] == mirrored]
            if not chosen:
                continue
            command = [options.program, *(["--mirrored"] if mirrored else []), original, *(case[0] for case in chosen)]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            for case, line in zip(chosen, done.stdout.splitlines(), strict=True):
                record = json.loads(line)
                record["iou"] = overlap(record["regions"], case[2])
                record.update(case=case[1], photo=path.name, box=case[2])
                results.append(record)
    return results


def table(results):
    print("| what was done | n | PDQ: median, most | same | recompressed | altered | not comparable | IoU: median |")
    print("|---|---|---|---|---|---|---|---|")
    names = list(dict.fromkeys(record["case"] for record in results))
    for name in names:
        those = [record for record in results if record["case"] == name]
        distances = [record["pdq_distance"] for record in those]
        counts = [sum(record["relation"] == relation for record in those) for relation in RELATIONS]
        ious = [record["iou"] for record in those if record["relation"] == "altered" and record["box"]]
        iou = f"{statistics.median(ious):.2f}" if ious else ""
        cells = [len(those), f"{statistics.median(distances):.0f}, {max(distances)}", *counts, iou]
        print("|", name.replace(" | ", ", "), "|", " | ".join(map(str, cells)), "|")
    times = sorted(record["milliseconds"] for record in results)
    print(f"\n{len(results)} comparisons; milliseconds: median {times[len(times) // 2]}, most {times[-1]}")


def read(paths):
    return [within(Image.open(path).convert("RGB"), 1600) for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("--edits", type=int, default=80)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["copies", "forgeries"])
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    names = {".jpg", ".jpeg", ".png", ".webp"}
    photos = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in names)
    random.Random(options.seed).shuffle(photos)
    used, spare = photos[: options.count], photos[options.count :][:40] or photos[:40]
    faces = sorted(options.faces.rglob("*.jpg")) if options.faces else []
    material = {"photos": read(spare), "faces": [image.resize((512, 512)) for image in read(faces)]}
    jobs = [(path, index, options, material) for index, path in enumerate(used)]
    results = []
    with ThreadPoolExecutor(options.workers) as pool:
        for at, those in enumerate(pool.map(work, jobs)):
            results += those
            print(f"\r{at + 1} of {len(jobs)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if options.log:
        options.log.write_text("".join(json.dumps(record) + "\n" for record in results))
    table(results)


if __name__ == "__main__":
    main()
