#!/usr/bin/env python3
"""Sets Node's `screenMany` beside `deepscreen scan` on the same folder, in one run.

usage: node.py DEEPSCREEN FOLDER [--rounds 8] [--engine rten]

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
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--engine", default="rten")
    arguments = parser.parse_args()
    program = [arguments.program, "scan", "--format", "jsonl", "--engine", arguments.engine, arguments.folder]
    package = ROOT / "crates" / "deepscreen-node"
    node = ["node", "-e", NODE, str(package), arguments.folder, f'{{"engine": "{arguments.engine}"}}']
    rounds = {"program": [], "node": []}
    for i in range(arguments.rounds):
        ways = [("program", program), ("node", node)]
        for name, command in ways if i % 2 == 0 else ways[::-1]:
            rounds[name].append(seconds(command))
        took = {name: times[-1] for name, times in rounds.items()}
        if took["program"][2] != took["node"][2]:
            raise SystemExit(f"not the same files: {took['program'][2]} and {took['node'][2]} records")
        told = [f"{name} {clock:.2f} s, {cores:.2f} s of cores" for name, (clock, cores, _) in took.items()]
        print(f"{took['node'][2]} files  {'  '.join(told)}", flush=True)
    for j, kind in enumerate(["on the clock", "of cores"]):
        pairs = list(zip(rounds["node"], rounds["program"], strict=True))
        median = statistics.median(node[j] / program[j] for node, program in pairs)
        fastest = min(node[j] for node, _ in pairs) / min(program[j] for _, program in pairs)
        print(f"node / program, {kind}: median {median:.3f}, fastest {fastest:.3f}")


if __name__ == "__main__":
    main()
