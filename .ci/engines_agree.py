#!/usr/bin/env python3
"""Checks that both engines give every picture of a folder the same probability, within 1e-3.

usage: engines_agree.py DEEPSCREEN PYTHON_ENVIRONMENT FOLDER

The environment holds the package `onnxruntime`; the program is left to find it there by itself.
"""
import json
import os
import subprocess
import sys


def probabilities(program, engine, folder, environment):
    command = [program, "scan", "--engine", engine, "--format", "jsonl", folder]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert all(record["replay"]["engine"].startswith(engine) for record in records), f"{engine} did not run"
    return {record["input"]["path"]: record["verdict"]["probability"] for record in records}


def main():
    program, python, folder = sys.argv[1:]
    environment = {**os.environ, "VIRTUAL_ENV": os.path.abspath(python)}
    environment.pop("ORT_DYLIB_PATH", None)
    a, b = (probabilities(program, engine, folder, environment) for engine in ("onnxruntime", "rten"))
    assert a.keys() == b.keys()
    judged = [path for path in a if a[path] is not None or b[path] is not None]
    apart = [path for path in judged if a[path] is None or b[path] is None or abs(a[path] - b[path]) > 1e-3]
    for path in apart:
        print(f"{path}: {a[path]} on ONNX Runtime, {b[path]} on rten")
    worst = max(abs(a[path] - b[path]) for path in judged if path not in apart)
    print(f"{len(judged)} pictures on both engines, {len(apart)} apart, otherwise within {worst:.4f}")
    return 1 if apart or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
