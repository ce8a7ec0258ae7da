"""How much longer `deepscreen bench` takes than `deepscreen scan` for the same pictures, on the same engine and threads.

usage: bench_scan.py PROGRAM FOLDER [--rounds N] [--onnxruntime PATH]

FOLDER holds `real` and `fake`. Both run in turns, so that what else the machine does is the same for both. `scan` reads
provenance too, `bench` computes metrics with 1,000 resamples; both decode, hash and classify every picture once. No score
is kept.
"""

import argparse
import statistics
import subprocess
import time


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--onnxruntime")
    options = parser.parse_args()
    engine = ["--onnxruntime", options.onnxruntime] if options.onnxruntime else ["--engine", "rten"]
    scan = [options.program, "scan", options.folder, "--format", "jsonl", *engine]
    bench = [options.program, "bench", options.folder, "--no-cache", *engine]
    ratios = []
    for number in range(options.rounds):
        pair = [seconds(command) for command in (scan, bench)]
        ratios.append(pair[1] / pair[0])
        print(f"round {number + 1}: scan {pair[0]:.1f} s, bench {pair[1]:.1f} s, ratio {ratios[-1]:.3f}", flush=True)
    print(f"bench / scan: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
