#!/usr/bin/env python3
"""Sets Python's `screen_many` and `screen` beside the Rust program on the same folder, in one run.

usage: bindings.py DEEPSCREEN FOLDER [--pictures 200] [--rounds 5] [--engine auto|onnxruntime|rten] [--hashes]

Run it with the Python that the package is installed in. Each round runs over the first pictures of the folder, one after
another, so that a machine that slows down slows both:

  program        `deepscreen scan --format jsonl`
  screen_many    the same paths and threads from Python, each record taken as a line of JSON
  screen x 1     the same paths one by one, on one Python thread
  screen x 2     the same on two Python threads

Start-up (imports, loading the model) is left out for all alike: the time that each takes over one picture. The median of
the rounds' ratios is printed, and the least and the most. `--hashes` leaves out the model, so that what Python itself
costs weighs most.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

import deepscreen


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--hashes", action="store_true")
    arguments = parser.parse_args()
    cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count()
    )
    paths = list(deepscreen.walk(arguments.folder))[: arguments.pictures]
    models = [] if arguments.hashes else ["ai-image"]
    screener = deepscreen.Screener(
        models=models, engine=arguments.engine, threads=cores
    )
    one = screener.screen(paths[0])
    print(
        f"{len(paths)} pictures, {cores} threads, {one.replay.engine}, {arguments.rounds} rounds"
    )

    def program(some):
        # Hashes alone are a command of their own, which takes no engine.
        command = (
            ["hash", "--format", "jsonl"]
            if arguments.hashes
            else ["scan", "--format", "jsonl", "--engine", arguments.engine]
        )
        listed = "\n".join(some)
        subprocess.run(
            [arguments.program, *command, "--threads", str(cores), "-"],
            input=listed, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
            env={**os.environ, **runtime},
        )  # fmt: skip

    # The program looks for ONNX Runtime elsewhere than Python does: both take the same.
    from deepscreen import _onnxruntime

    libraries = _onnxruntime.libraries()
    runtime = (
        {"ORT_DYLIB_PATH": libraries[0]}
        if libraries and "onnxruntime" in one.replay.engine
        else {}
    )

    def screen_many(some):
        for screening in screener.screen_many(some):
            screening.to_json()

    def screen(count):
        def run(some):
            threads = [
                threading.Thread(
                    target=lambda part: [screener.screen(p) for p in part],
                    args=(some[i::count],),
                )
                for i in range(count)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return run

    ways = {
        "program": program,
        "screen_many": screen_many,
        "screen x 1": screen(1),
        "screen x 2": screen(2),
    }
    times = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run(paths[:1])
            loaded = time.perf_counter()
            run(paths)
            times[name].append(time.perf_counter() - loaded - (loaded - start))
    for name, taken in times.items():
        print(
            f"{name:>12}  {len(paths) / statistics.median(taken):7.1f} pictures a second"
        )
    for name, faster, slower in (
        ("screen_many, of the speed of the program", "program", "screen_many"),
        ("two Python threads, times as fast as one", "screen x 1", "screen x 2"),
    ):
        ratios = sorted(a / b for a, b in zip(times[faster], times[slower]))
        print(
            f"{name}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    sys.exit(main())
