#!/usr/bin/env python3
"""Sets `deepscreen hash` beside Python's pdqhash with Pillow, on one core, in one run.

usage: compare.py DEEPSCREEN FOLDER [--rounds 3]

FOLDER holds pictures (make some with make_pictures.py). Each round runs both programs over all of them, one after
the other, so that a machine that slows down slows both. Prints pictures a second of each and the ratio: median,
smallest and largest round. deepscreen does more in that time: SHA-256 and three other hashes.

Needs: pip install pdqhash pillow numpy
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

# What the peer does to one picture, in a process of its own as deepscreen is one.
PEER = """
import sys
import numpy, pdqhash
from PIL import Image
for path in sys.stdin.read().splitlines():
    pdqhash.compute(numpy.asarray(Image.open(path).convert("RGB")))
"""


def seconds(command, paths):
    start = time.perf_counter()
    subprocess.run(command, input="\n".join(paths).encode(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deepscreen")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    paths = sorted(str(path) for path in arguments.folder.rglob("*") if path.is_file())
    if not paths:
        sys.exit(f"{arguments.folder}: no files")
    ours = [arguments.deepscreen, "hash", "--threads", "1", "--format", "jsonl", "-"]
    peer = [sys.executable, "-c", PEER]
    # Loading Python and its packages is no part of the job.
    idle = min(seconds(peer, []) for _ in range(3))
    seconds(ours, paths)
    rates = []
    for _ in range(arguments.rounds):
        rates.append((len(paths) / seconds(ours, paths), len(paths) / (seconds(peer, paths) - idle)))
    for name, index in (("deepscreen", 0), ("pdqhash", 1)):
        print(f"{name:12} {statistics.median(rate[index] for rate in rates):8.1f} pictures a second")
    ratios = sorted(ours / theirs for ours, theirs in rates)
    print(f"ratio        {statistics.median(ratios):8.1f}  ({ratios[0]:.1f} to {ratios[-1]:.1f})")


if __name__ == "__main__":
    main()
