#!/usr/bin/env python3
"""Makes photograph-like JPEGs to measure with: smooth parts, edges, texture and noise, each picture another.

usage: make_pictures.py FOLDER COUNT WIDTH HEIGHT

About 2.5 bits a pixel at quality 90, as cameras write. Needs: pip install pillow numpy
"""
import pathlib
import sys

import numpy
from PIL import Image


def picture(draw, width, height):
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float32)
    u, v = x / width, y / height
    a, b, c = draw.uniform(3, 12, 3)
    hills = 0.5 + 0.12 * numpy.sin(a * u + b) + 0.05 * numpy.sin(4 * b * u)
    sky = numpy.stack([120 + 80 * v, 150 + 60 * v, 220 - 30 * v], -1)
    texture = 18 * numpy.sin(20 * a * u) * numpy.cos(15 * c * v)
    ground = numpy.stack([70 + texture, 95 + texture, 40 + texture / 2], -1)
    scene = numpy.where((v < hills)[..., None], sky, ground)
    for _ in range(6):
        cx, cy, r = draw.uniform(0, 1), draw.uniform(0, 1), draw.uniform(0.03, 0.15)
        scene[(u - cx) ** 2 + (v - cy) ** 2 < r * r] = draw.uniform(30, 230, 3)
    scene += draw.normal(0, 4, scene.shape).astype(numpy.float32)
    return Image.fromarray(scene.clip(0, 255).astype(numpy.uint8))


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    folder, (count, width, height) = pathlib.Path(sys.argv[1]), map(int, sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    draw = numpy.random.default_rng(7)
    for i in range(count):
        picture(draw, width, height).save(folder / f"{i:05}.jpg", quality=90)


if __name__ == "__main__":
    main()
