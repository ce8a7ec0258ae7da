#!/usr/bin/env python3
"""What reading provenance (metadata, Content Credentials, watermarks) adds to a scan that hashes and classifies.

usage: provenance.py FOLDER [--pictures 40] [--rounds 6] [--engine auto|onnxruntime|rten]

Screens the same pictures with and without, round by round, on one thread, and prints processor time a picture: the
least of each, and the median of the rounds' ratios. Needs the Python package (crates/deepscreen-py).
"""
import argparse
import itertools
import statistics
import time

import deepscreen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--engine", default="auto")
    arguments = parser.parse_args()
    paths = list(itertools.islice(deepscreen.walk(arguments.folder), arguments.pictures))
    screeners = [
        deepscreen.Screener(provenance=provenance, threads=1, engine=arguments.engine) for provenance in (True, False)
    ]
    rounds = []
    for _ in range(arguments.rounds):
        took = []
        for screener in screeners:
            start = time.process_time()
            for _ in screener.screen_many(paths):
                pass
            took.append((time.process_time() - start) / len(paths) * 1000)
        rounds.append(took)
    with_it, without = (min(column) for column in zip(*rounds))
    ratios = sorted(with_it / without for with_it, without in rounds)
    print(f"{len(paths)} pictures, {screeners[0].engine}: {with_it:.1f} ms with provenance, {without:.1f} without")
    print(f"ratio: median {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    main()
