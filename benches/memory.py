#!/usr/bin/env python3
"""Shows whether a scan's resident memory stays flat: prints it at ten points of the way, and the peak.

usage: memory.py DEEPSCREEN FOLDER [FLAG ..]

Linux only (/proc). FOLDER should hold many pictures: make_pictures.py FOLDER 10000 640 480 makes 10,000.
"""
import pathlib
import subprocess
import sys


def resident(pid):
    """MiB, now and at the peak; None once the process is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines())
    if "VmRSS" not in fields:
        return None
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    total = sum(path.is_file() for path in pathlib.Path(sys.argv[2]).rglob("*"))
    command = [sys.argv[1], "scan", "--format", "jsonl", *sys.argv[3:], sys.argv[2]]
    step, peak = max(total // 10, 1), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for done, _ in enumerate(process.stdout, 1):
            if done % step == 0 and (now := resident(process.pid)):
                peak = max(peak, now[1])
                print(f"{done:7} of {total}  {now[0]:7.1f} MiB", flush=True)
    print(f"peak              {peak:7.1f} MiB")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
