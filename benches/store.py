#!/usr/bin/env python3
"""Measures what `scan --store` costs, and what a rerun saves: time and peak memory, with and without a store.

usage: store.py DEEPSCREEN FOLDER [--pictures 20000] [--rounds 3] [--size 96] [FLAG ..]

Linux only. FOLDER is filled with generated PNGs, a thousand to a folder, where it holds too few. FLAGs go to
every scan, such as `--onnxruntime PATH`. What a store costs is the same for each file, so that its share is the larger the
faster the detector is: the bounds are meant for the one that travels inside, on its faster engine.

Each round scans three times, the first two in turns first: without a store; into a new store; into the same store again.
Printed are the medians, the ratio of the first two (the store's overhead; the bound is 1.05), the ratio of the last two
(how many times as fast a rerun is; the bound is 50) and the peak memory of each. The time of cores, all threads added up,
is what other work on the machine distorts least. The records of all three are compared.
"""
import argparse
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib

OVERHEAD, RERUN = 1.05, 50


def png(number, size):
    """A picture like no other: a few waves, so that it compresses and hashes like something drawn."""
    draw = random.Random(number)
    steps = [(draw.randrange(1, 9), draw.randrange(1, 9), draw.randrange(256)) for _ in range(3)]
    row = lambda y: b"\0" + bytes((x * a + y * b + c) & 255 for x in range(size) for a, b, c in steps)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(map(row, range(size))), 1))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


def fill(folder, pictures, size):
    for number in range(pictures):
        path = folder / f"{number // 1000:04}" / f"{number:07}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number, size))


def scan(command, out):
    """Seconds, seconds of cores, and MiB at the peak."""
    start = time.perf_counter()
    with open(out, "wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}: status {process.returncode}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def records(path):
    with open(path, "rb") as file:
        return hash(tuple(line.rsplit(b',"elapsed_ms"', 1)[0] for line in file))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2][7:])
    parser.add_argument("deepscreen")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=96)
    arguments, flags = parser.parse_known_args()
    fill(arguments.folder, arguments.pictures, arguments.size)
    command = [arguments.deepscreen, "scan", "--format", "jsonl", *flags, arguments.folder]
    names = ["without", "with", "again"]
    taken = {name: [] for name in names}
    # The start of the program and of its model, which no folder makes longer.
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        # Files of just now prove nothing by their time: the first rerun would hash them.
        time.sleep(2.1)
        (home / "none").mkdir()
        start, _, _ = scan([*command[:-1], home / "none"], home / "none.jsonl")
        for number in range(arguments.rounds):
            store = ["--store", home / f"{number}.store"]
            order = ["without", "with"] if number % 2 == 0 else ["with", "without"]
            for name in [*order, "again"]:
                taken[name].append(scan(command + (store if name != "without" else []), home / f"{name}.jsonl"))
            if len({records(home / f"{name}.jsonl") for name in names}) != 1:
                sys.exit("the records differ")
        size = (home / "0.store").stat().st_size / arguments.pictures
    median = lambda name, which: statistics.median(one[which] for one in taken[name])
    seconds, cores = ({name: median(name, which) for name in names} for which in (0, 1))
    for name in names:
        memory = max(one[2] for one in taken[name])
        rate = arguments.pictures / seconds[name]
        print(f"{name:8} {seconds[name]:9.2f} s  {cores[name]:9.2f} s of cores  {rate:9.1f} a second  {memory:7.1f} MiB")
    overhead, rerun = seconds["with"] / seconds["without"], seconds["with"] / seconds["again"]
    of_cores = cores["with"] / cores["without"]
    each = (cores["with"] - cores["without"]) / arguments.pictures * 1e6
    print(f"overhead {overhead:9.3f}    of cores {of_cores:.3f}, {each:.0f} microseconds a picture (at most {OVERHEAD})")
    print(f"rerun    {rerun:9.1f}    of which {start:.2f} s are the start of the program (at least {RERUN})")
    print(f"store    {size:9.0f} bytes a picture")
    return 0 if overhead <= OVERHEAD and rerun >= RERUN else 1


if __name__ == "__main__":
    sys.exit(main())
