#!/usr/bin/env python3
"""Sets the index of a bank beside FAISS, on one thread, in one run: queries within 31 of 256 bits.

usage: bank_index.py PROGRAM [--sizes 100000,300000,1000000,3000000,10000000] [--queries 1000] [--rounds 5]
                     [--distance 31] [--kinds scattered,clustered] [--plot FILE.svg]

PROGRAM is what `cargo build --release -p deepscreen-benches --example bank_index` makes. The hashes have half of
their bits set, as PDQ's have: they say where a random spectrum lies above its median. `scattered` ones have nothing
to do with one another. `clustered` ones are copies of a twentieth as many spectra, in which neighbours are alike;
noise changes 0 to 40 bits of a copy, none in a tenth of them, and a few spectra have thousands of copies. Half of the
queries are such copies of stored hashes, half are unrelated to them.

FAISS searches by IndexBinaryFlat and, with nothing missed up to 31, by IndexBinaryMultiHash of 16 tables of 16 bits
with one bit flipped; what the index finds must be what IndexBinaryFlat finds. Programs take turns, round by round,
so that a machine that slows down slows all, and the median round counts; IndexBinaryFlat gets a tenth of the queries
from a million hashes on. 10 million hashes need 8 GB of memory and some minutes.

Needs: pip install faiss-cpu numpy (and matplotlib for --plot)
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy

BLOCK = 100_000


def packed(spectra):
    """256 numbers a row -> 32 bytes a row, 128 bits set."""
    median = numpy.partition(spectra, 128, axis=1)[:, 128:129]
    return numpy.packbits(spectra >= median, axis=1)


def spectra(random, count):
    return random.standard_normal((count, 256), dtype=numpy.float32)


def alike(random, count):
    """Spectra of which neighbours are alike: correlation 0.48."""
    found = spectra(random, count)
    return 0.8 * found + 0.6 * numpy.roll(found, 1, axis=1)


def noisy(random, centres, exact=0.1):
    """Copies: noise of 0.55 of a spectrum's size changes a sixth of the bits."""
    size = random.uniform(0, 0.5, (len(centres), 1)).astype(numpy.float32)
    size[random.random(len(centres)) < exact] = 0
    return centres + size * spectra(random, len(centres))


def make(kind, count, queries, random):
    """The hashes, and queries of which every second is a near copy of one of them."""
    blocks, near = [], []
    centres = alike(random, max(count // 20, 1)).astype(numpy.float16) if kind == "clustered" else None
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        if centres is None:
            made = spectra(random, size)
        else:
            # A few have very many copies: the first centre a share of one in the square root of the centres.
            of = (len(centres) * random.random(size) ** 2).astype(numpy.int64)
            made = noisy(random, centres[of].astype(numpy.float32))
        blocks.append(packed(made))
        near.append(made[: queries * size // count + 1])
    near = numpy.concatenate(near)
    near = near[random.permutation(len(near))[: queries // 2]]
    others = spectra(random, queries - len(near)) if centres is None else alike(random, queries - len(near))
    asked = packed(numpy.concatenate([noisy(random, near, 0), others]))
    return numpy.concatenate(blocks), asked[random.permutation(len(asked))]


class Index:
    """The program, that keeps its index and answers a line with the seconds that the queries took."""

    def __init__(self, program, folder, hashes, queries, distance):
        paths = [folder / name for name in ("hashes", "queries", "found")]
        hashes.tofile(paths[0])
        queries.tofile(paths[1])
        command = [program, paths[0], paths[1], str(distance), paths[2]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.queries = len(queries)
        build, size = self.process.stdout.readline().split()
        self.build, self.bytes = float(build), int(size)
        self.rate()
        self.found = numpy.fromfile(paths[2], dtype="<u4").reshape(-1, 3)

    def rate(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.queries / float(self.process.stdout.readline())

    def resident(self):
        """Bytes of memory, where the system is Linux."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Faiss:
    def __init__(self, index, hashes, queries, distance):
        start = time.perf_counter()
        index.add(hashes)
        self.build = time.perf_counter() - start
        # FAISS finds what is nearer than the radius.
        self.index, self.queries, self.radius = index, queries, distance + 1

    def search(self):
        return self.index.range_search(self.queries, self.radius)

    def rate(self):
        start = time.perf_counter()
        self.search()
        return len(self.queries) / (time.perf_counter() - start)


def compare(arguments, kind, count, random, folder):
    """One row: rates, ratios, bytes, seconds."""
    hashes, queries = make(kind, count, arguments.queries, random)
    few = queries if count < 1_000_000 else queries[: -(-len(queries) // 10)]
    ours = Index(arguments.program, folder, hashes, queries, arguments.distance)
    flat = Faiss(faiss.IndexBinaryFlat(256), hashes, few, arguments.distance)
    multi = faiss.IndexBinaryMultiHash(256, 16, 16)
    multi.nflip = 1
    multi = Faiss(multi, hashes, queries, arguments.distance)

    limits, distances, positions = flat.search()
    asked = numpy.repeat(numpy.arange(len(few)), numpy.diff(limits.astype(numpy.int64)))
    expected = numpy.stack([asked, positions, distances.astype(numpy.int64)], axis=1)
    expected = expected[numpy.lexsort((positions, distances, asked))]
    found = ours.found[ours.found[:, 0] < len(few)]
    assert numpy.array_equal(found, expected), f"{kind} {count}: the index does not find what comparing all finds"

    rates = [(ours.rate(), flat.rate(), multi.rate()) for _ in range(arguments.rounds)]
    medians = [statistics.median(column) for column in zip(*rates)]
    beside = [statistics.median(rate[0] / rate[i] for rate in rates) for i in (1, 2)]
    print(
        f"{kind:10} {count:>10,} {len(found) / len(few):7.1f} {medians[0]:9,.0f} {medians[1]:8,.1f} {medians[2]:9,.1f}"
        f" {beside[0]:7.1f} {beside[1]:7.1f} {ours.bytes / 1e6:7,.0f} {ours.resident() / 1e6:8,.0f} {ours.build:6.2f}"
        f" {multi.build:7.2f}",
        flush=True,
    )
    ours.close()
    return medians


def plot(path, sizes, rates):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for kind, line in zip(rates, ("-", "--")):
        for i, (name, colour) in enumerate((("deepscreen", "C0"), ("Flat", "C1"), ("MultiHash", "C2"))):
            values = [medians[i] for medians in rates[kind]]
            axes.loglog(sizes, values, line, color=colour, marker="o", label=f"{name}, {kind}")
    axes.set(xlabel="hashes", ylabel="queries a second, one thread")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--sizes", default="100000,300000,1000000,3000000,10000000")
    parser.add_argument("--kinds", default="scattered,clustered")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--distance", type=int, default=31)
    parser.add_argument("--plot")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    sizes = [int(size) for size in arguments.sizes.split(",")]
    print(f"FAISS {faiss.__version__}, {arguments.queries} queries within {arguments.distance} bits, one thread")
    print(f"{'':29} {'queries a second':^38} {'times as fast':^13} {'memory (MB)':^16} {'building (s)':^14}")
    print(
        f"{'':10} {'hashes':>10} {'found':>7} {'deepscreen':>9} {'Flat':>7} {'MultiHash':>9} {'Flat':>7} {'Multi':>7}"
        f" {'index':>7} {'resident':>8} {'':6} {'Multi':>7}"
    )
    rates = {}
    for kind in arguments.kinds.split(","):
        rates[kind] = []
        for count in sizes:
            random = numpy.random.default_rng(count)
            with tempfile.TemporaryDirectory() as folder:
                rates[kind].append(compare(arguments, kind, count, random, pathlib.Path(folder)))
    if arguments.plot:
        plot(arguments.plot, sizes, rates)


if __name__ == "__main__":
    main()
