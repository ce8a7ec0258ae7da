#!/usr/bin/env python3
"""Holds the program and the bindings to one record: the same files give the same JSON in all, and the schema takes it.

usage: bindings_agree.py SCHEMA FOLDER NAME=COMMAND NAME=COMMAND..

Each COMMAND is given the files of FOLDER as arguments and prints a record a line, in their order. Only the time that a
picture took may differ. Needs: pip install jsonschema
"""
import json
import pathlib
import shlex
import subprocess
import sys

import jsonschema


def records(command, paths):
    done = subprocess.run([*shlex.split(command), *paths], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: exit status {done.returncode}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(paths):
        sys.exit(f"{command}: {len(found)} records of {len(paths)} files")
    for record in found:
        del record["elapsed_ms"]
    return found


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    paths = sorted(str(path) for path in pathlib.Path(sys.argv[2]).rglob("*") if path.is_file())
    commands = dict(argument.split("=", 1) for argument in sys.argv[3:])
    validator = jsonschema.Draft202012Validator(schema)
    answers = {name: records(command, paths) for name, command in commands.items()}
    first, *others = answers
    wrong = 0
    for i, path in enumerate(paths):
        expected = answers[first][i]
        for name in others:
            if answers[name][i] != expected:
                wrong += 1
                print(f"{path}: {first} and {name} differ:\n  {expected}\n  {answers[name][i]}")
        for name in answers:
            for error in validator.iter_errors({**answers[name][i], "elapsed_ms": 0.0}):
                wrong += 1
                print(f"{path}: {name}: {error.json_path}: {error.message}")
    judged = sum(bool(record.get("hashes")) for record in answers[first])
    print(f"{len(paths)} files ({judged} decoded), {', '.join(answers)}: {wrong} differences")
    sys.exit(1 if wrong or not judged else 0)


if __name__ == "__main__":
    main()
