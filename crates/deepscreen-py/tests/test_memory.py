"""100,000 calls leave memory as it was. Prints what it was: `pytest -s tests/test_memory.py`."""

import gc
import itertools
import pathlib
import sys

import numpy
import pytest

import deepscreen

pytestmark = pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="needs /proc")


def resident():
    """MiB."""
    gc.collect()
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_memory_stays_flat_over_100000_calls(hasher, fixtures):
    tiny = (fixtures / "images/tiny_8x8.png").read_bytes()
    array = numpy.zeros((8, 8, 3), numpy.uint8)
    text = (fixtures / "hostile/text.jpg").read_bytes()

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

    calls = [(good, 40_000), (bad, 20_000), (from_array, 10_000), (wrong_settings, 15_000), (wrong_picture, 5_000)]
    calls += [(failed_hash, 9_500), (dropped, 500)]
    assert sum(count for _, count in calls) == 100_000
    for call, count in calls:
        for _ in range(count // 10):
            call()
    warm = resident()
    for call, count in calls:
        before = resident()
        for _ in range(count):
            call()
        print(f"{call.__name__:>15} {count:>7} calls: {before:.1f} -> {resident():.1f} MiB", file=sys.stderr)
    grown = resident() - warm
    print(f"{'all':>15} 100,000 calls: {warm:.1f} -> {warm + grown:.1f} MiB", file=sys.stderr)
    # A leak of 100 bytes a call would be 10 MiB.
    assert grown < 8


def test_screeners_that_come_and_go_leave_memory_as_it_was():
    for _ in range(20):
        deepscreen.Screener(models=[], threads=2)
    warm = resident()
    for _ in range(300):
        deepscreen.Screener(models=[], threads=2)
    grown = resident() - warm
    print(f"300 screeners: {warm:.1f} -> {warm + grown:.1f} MiB", file=sys.stderr)
    assert grown < 8
