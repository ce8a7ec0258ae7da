#!/usr/bin/env python3
"""Sets Node's `screenMany` beside `deepscreen scan` on the same folder, in one run.

usage: node.py DEEPSCREEN FOLDER [--rounds 5] [--engine rten]

Needs the package built for release (`npm run build` in crates/deepscreen-node). Both write a record a line for every
file, to nowhere. A round runs both, one after the other, the first of them in turn; the time of a round is that of the
whole process, start and models included. Says the median over rounds of Node's time as a multiple of the program's: on
the clock, and of all cores together, which other work on the machine distorts least.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

NODE = """
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { Screener } = require(process.argv[1]);
const [folder, options] = [process.argv[2], JSON.parse(process.argv[3])];
(async () => {
  const screener = await Screener.create(options);
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for await (const screening of screener.screenMany(paths)) process.stdout.write(screening.toLine() + '\\n');
})();
"""


def seconds(command):
    """Of the clock and of all cores, and how many lines were written."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines = process.stdout.read().count(b"\n")
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))[:200]}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, lines


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2][7:])
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="rten")
    arguments = parser.parse_args()
    program = [arguments.program, "scan", "--format", "jsonl", "--engine", arguments.engine, arguments.folder]
    package = ROOT / "crates" / "deepscreen-node"
    node = ["node", "-e", NODE, str(package), arguments.folder, f'{{"engine": "{arguments.engine}"}}']
    ratios = []
    for i in range(arguments.rounds):
        ways = [("program", program), ("node", node)]
        took = {name: seconds(command) for name, command in (ways if i % 2 == 0 else ways[::-1])}
        if took["program"][2] != took["node"][2]:
            raise SystemExit(f"not the same files: {took['program'][2]} and {took['node'][2]} records")
        ratios.append([took["node"][j] / took["program"][j] for j in (0, 1)])
        told = "  ".join(f"{name} {wall:.1f} s, {cores:.1f} s of cores" for name, (wall, cores, _) in took.items())
        print(f"{took['node'][2]} files  {told}  ratio {ratios[-1][0]:.3f}, of cores {ratios[-1][1]:.3f}", flush=True)
    wall, cores = (statistics.median(ratio[j] for ratio in ratios) for j in (0, 1))
    print(f"Node takes {wall:.3f} times as long as the program, and {cores:.3f} times as much of the cores")


if __name__ == "__main__":
    main()
