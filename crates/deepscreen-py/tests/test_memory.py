"""100,000 calls leave memory as it was: `python tests/test_memory.py` prints it.

In a process of its own, since memory that other tests have given back would hide what is lost.
"""

import gc
import itertools
import pathlib
import subprocess
import sys

import deepscreen
import numpy
import pytest

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"

pytestmark = pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="needs /proc")


def resident():
    """MiB."""
    gc.collect()
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def calls():
    hasher = deepscreen.Screener(models=[], threads=2)
    tiny = (FIXTURES / "images/tiny_8x8.png").read_bytes()
    array = numpy.zeros((8, 8, 3), numpy.uint8)
    text = (FIXTURES / "hostile/text.jpg").read_bytes()

    def good():
        hasher.screen(tiny)

    def bad():
        hasher.screen(text)

    def from_array():
        hasher.screen(array)

    def wrong_settings():
        try:
            deepscreen.Screener(models=[], engine="tensorflow")
        except deepscreen.InvalidConfigError:
            pass

    def wrong_picture():
        try:
            hasher.screen(array.astype(numpy.float32))
        except TypeError:
            pass

    def failed_hash():
        try:
            deepscreen.hash(text)
        except deepscreen.NotAnImageError:
            pass

    def dropped():
        next(hasher.screen_many(itertools.repeat(tiny)))

    def new_screener():
        deepscreen.Screener(models=[], threads=2)

    return [
        (good, 40_000),
        (bad, 20_000),
        (from_array, 10_000),
        (wrong_settings, 15_000),
        (wrong_picture, 5_000),
        (failed_hash, 9_000),
        (dropped, 500),
        (new_screener, 500),
    ]


def main():
    measured = calls()
    for call, count in measured:
        for _ in range(count // 10):
            call()
    warm = resident()
    for call, count in measured:
        before = resident()
        for _ in range(count):
            call()
        print(f"{count:>7} calls of {call.__name__:<15} {before:6.1f} -> {resident():6.1f} MiB")
    total = sum(count for _, count in measured)
    print(f"{total:>7} calls {warm:26.1f} -> {resident():6.1f} MiB")


def test_memory_stays_flat_over_100000_calls():
    run = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True, timeout=900)
    print(run.stdout)
    *_, last = run.stdout.splitlines()
    total, _, before, _, after, _ = last.split()
    assert int(total) == 100_000
    # A leak of 100 bytes a call would be 10 MiB.
    assert float(after) - float(before) < 8


if __name__ == "__main__":
    main()
