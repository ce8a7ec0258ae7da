#!/usr/bin/env python3
"""What the open watermark survives: write it into photographs, do to them what happens to pictures, and count.

    python3 -m venv VENV
    VENV/bin/pip install -r fixtures/requirements.txt
    VENV/bin/pip install --no-deps invisible-watermark==0.2.0
    VENV/bin/python benches/watermarks.py PHOTOS OUT [--count 60]
    DEEPSCREEN_WATERMARKED=OUT cargo test -p deepscreen --test watermarks -- --nocapture survives

OUT/MESSAGE/WHAT WAS DONE holds the pictures: the middle of each photograph, at most 1024 px a side. The package itself
embeds, as the code of each generator calls it."""

import argparse
import io
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import watermarks  # noqa: E402

WRITERS = {
    "stable_diffusion_1": watermarks.into_bytes,
    "stable_diffusion_2": watermarks.into_bytes,
    "invokeai": watermarks.into_bytes,
    "stable_diffusion_xl": watermarks.into_floats,
    "stable_diffusion_xl-swapped": lambda rgb, message: watermarks.into_floats(rgb, message, True),
    "flux": watermarks.into_floats,
}


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def png(image):
    return saved(image, format="PNG", compress_level=1)


def resized(image, factor):
    size = [max(256, round(side * factor)) for side in image.size]
    return png(image.resize(size, Image.Resampling.LANCZOS))


DONE = {
    "as it was written": ("png", png),
    "jpeg 95 without subsampling": ("jpg", lambda i: saved(i, format="JPEG", quality=95, subsampling=0)),
    **{f"jpeg {q}": ("jpg", lambda i, q=q: saved(i, format="JPEG", quality=q)) for q in (95, 90, 80, 70, 60, 50)},
    "webp 90": ("webp", lambda i: saved(i, format="WEBP", quality=90)),
    "size 90 percent": ("png", lambda i: resized(i, 0.9)),
    "size 50 percent": ("png", lambda i: resized(i, 0.5)),
    "cut by a quarter below": ("png", lambda i: png(i.crop((0, 0, i.width, i.height * 3 // 4)))),
    "cut by 5 px left and above": ("png", lambda i: png(i.crop((5, 5, i.width, i.height)))),
    "10 percent brighter": ("png", lambda i: png(i.point(lambda v: min(255, round(v * 1.1))))),
}


def carriers(folder, count):
    """Photographs with sides of 400 and more, whatever their folder, cut to whole blocks of the VAE."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    random.Random(7).shuffle(paths)
    for path in paths:
        with Image.open(path) as image:
            if min(image.size) < 400:
                continue
            image = image.convert("RGB")
        w, h = (min(1024, side) // 64 * 64 for side in image.size)
        left, top = (image.width - w) // 2, (image.height - h) // 2
        yield np.asarray(image.crop((left, top, left + w, top + h)))
        count -= 1
        if count == 0:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=60)
    arguments = parser.parse_args()
    for number, rgb in enumerate(carriers(arguments.photos, arguments.count)):
        for name, write in WRITERS.items():
            message = watermarks.MESSAGES[name.split("-")[0]]
            image = Image.fromarray(write(rgb, message))
            for done, (ending, make) in DONE.items():
                folder = arguments.out / name / done
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{number:03}.{ending}").write_bytes(make(image))
            (arguments.out / name / "bits").write_text("".join(map(str, message)))


if __name__ == "__main__":
    main()
