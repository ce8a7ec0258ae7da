#!/usr/bin/env python3
"""Checks that a bank and python-threatexchange read each other's lists, and find the same matches.

usage: lists_agree.py DEEPSCREEN FOLDER

Adds the pictures of FOLDER to a bank and exports it. python-threatexchange reads the list as a local file of signals,
indexes it, and is asked about every picture; so is `bank match`. What its command `dataset --csv` prints, and what its
hasher says of the pictures, goes back into banks.

Needs: pip install threatexchange
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from threatexchange.exchanges.impl.file_api import FileCollaborationConfig, LocalFileSignalExchangeAPI
from threatexchange.signal_type.pdq.signal import PdqSignal

DATASET = "signal_type,signal_str,collab,category,tags\r\n"


def main():
    program, folder = sys.argv[1:]

    def deepscreen(*arguments):
        run = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert run.returncode == 0, (arguments, run.stderr)
        return run.stdout

    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        bank, signals = home / "ours.bank", home / "signals.txt"
        deepscreen("bank", "create", bank)
        deepscreen("bank", "add", bank, folder, "--label", "known_fake")
        deepscreen("bank", "export", bank, "--format", "threatexchange", "--out", signals)

        config = FileCollaborationConfig(name="ours", api="local_file", enabled=True, filename=str(signals))
        delta = next(LocalFileSignalExchangeAPI.for_collab(config).fetch_iter([PdqSignal], None))
        read = {PdqSignal.validate_signal_str(signal) for kind, signal in delta.updates if kind == PdqSignal.get_name()}
        entries = json.loads(deepscreen("bank", "export", bank, "--format", "json"))
        exported = {entry["pdq"] for entry in entries if "pdq" in entry}
        assert read == exported and exported, f"{len(read)} signals read, {len(exported)} exported"

        # It goes by all signals, whatever their quality was.
        good = {entry["pdq"] for entry in entries if entry.get("pdq_quality", 0) >= PdqSignal.QUALITY_THRESHOLD}
        index = PdqSignal.get_index_cls().build([(signal, signal) for signal in good])
        pdq_of = {str(number): entry.get("pdq") for number, entry in enumerate(entries, 1)}
        asked = found = 0
        for line in deepscreen("bank", "match", bank, folder, "--format", "jsonl").splitlines():
            record = json.loads(line)
            pdq = record.get("hashes", {}).get("pdq")
            if not pdq or pdq["quality"] < PdqSignal.QUALITY_THRESHOLD:
                continue
            theirs = {match.metadata for match in index.query(pdq["hash"])}
            ours = {pdq_of[match["entry"]] for match in record["evidence"] if match["kind"] == "match"}
            # `bank match` tells the nearest few.
            apart = lambda other: (int(other, 16) ^ int(pdq["hash"], 16)).bit_count()
            nearest = max(map(apart, ours), default=0) <= min(map(apart, theirs - ours), default=256)
            assert ours <= theirs and bool(ours) == bool(theirs) and nearest, (record["input"], ours, theirs)
            asked, found = asked + 1, found + len(theirs)
        assert asked and found >= asked

        rows = [f"pdq,{signal},ours,{category},a b\r\n" for signal, category in zip(sorted(good), CATEGORIES)]
        dataset = home / "dataset.csv"
        dataset.write_text(DATASET + "".join(rows))
        again = home / "again.bank"
        deepscreen("bank", "create", again)
        said = deepscreen("bank", "import", again, dataset)
        assert said.startswith(f"{dataset}: 2 added; 0 there already; 1 line left out"), said

        pictures = [path for path in sorted(pathlib.Path(folder).rglob("*")) if path.suffix in (".jpg", ".png")]
        hashed = [(path, their_hash(path)) for path in pictures]
        lines = [f"{PdqSignal.get_name()} {signal}\n" for _, signal in hashed if signal]
        assert lines
        theirs, hashes = home / "theirs.bank", home / "hashes.txt"
        hashes.write_text("".join(lines))
        deepscreen("bank", "create", theirs)
        deepscreen("bank", "import", theirs, hashes)
        known = {row.split(",")[0] for row in deepscreen("bank", "match", theirs, folder, "--format", "csv").splitlines()}
        unknown = [str(path) for path, signal in hashed if signal and str(path) not in known]
        # Its hasher knows neither orientation nor transparency: a few pictures are others for it.
        assert len(unknown) <= len(lines) // 4, unknown
        print(
            f"{len(exported)} signals read by python-threatexchange, {asked} pictures asked of both, {found} matches;"
            f" {len(lines)} of its hashes imported, {len(lines) - len(unknown)} of their pictures known"
        )


def their_hash(path):
    """Empty where there is none, or where Pillow cannot read the picture."""
    try:
        return PdqSignal.hash_from_bytes(path.read_bytes())
    except (OSError, ValueError):
        return ""


CATEGORIES = ["POSITIVE_CLASS", "NEGATIVE_CLASS", "DISPUTED"]

if __name__ == "__main__":
    main()
