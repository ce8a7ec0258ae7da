#!/usr/bin/env python3
"""Checks that detectors of other projects get the scores that Python gives them, within 1e-3, on both engines.

usage: peers_agree.py DEEPSCREEN PYTHON_ENVIRONMENT PEERS PICTURES

PEERS holds networks with a card each, and score.py, which scores pictures with Pillow and ONNX Runtime; in
PEERS/negative lie files that must be refused. PICTURES is a folder; some of it is rewritten as PNG first, so that no
decoder's rounding is compared. Run with the environment's Python: it needs numpy, pillow and onnxruntime.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ENGINES = ("onnxruntime", "rten")
REFUSED = {
    "external_data_missing.onnx": "which cannot be read",
    "git_lfs_pointer.onnx": "Git LFS pointer",
    "git_lfs_pointer.h5": "Git LFS pointer",
    "yunet_int8_fails_at_run.onnx": "",
}
# What the two engines say of a network that loads and cannot be run.
FAILS_AT_RUN = ("ONNX Runtime", "rten")
KINDS = {"logit": "logit", "prob": "probability", "logits": "logits", "probs": "probabilities"}


def contract(name, card, model):
    """The text of a model.toml from a peer's card."""
    given, output, preprocess = card["input"], card["output"], card["preprocess"]
    height, width = given["size"]
    color = {"RGB": "rgb", "BGR": "bgr", "G": "green"}[preprocess.get("color", "RGB")]
    lines = [
        "schema = 1", f'id = "{name.replace("_", "-")}"', "version = 1", f'name = "{name}"',
        'detects = "ai_generated"', 'licence = "as its card says"', "[file]", f'path = "{model.name}"', "[input]",
        f'name = "{given["name"]}"', f'layout = "{given["layout"].lower()}"', f'color = "{color}"',
        f"width = {width}", f"height = {height}", "[output]", f'kind = "{KINDS[output["kind"]]}"',
        f'name = "{output["name"]}"',
    ]
    if output["kind"] in ("logit", "prob"):
        lines.append(f"inverted = {str(bool(output.get('invert'))).lower()}")
    else:
        count = card["onnx"]["outputs"][0]["shape"][-1]
        marked = output.get("fake_index", 0)
        fake = [at for at in range(count) if (at == marked) != bool(output.get("invert"))]
        lines += [f"classes = {[f'class {at}' for at in range(count)]}", f"fake = {[f'class {at}' for at in fake]}"]
    if extra := output.get("extra_outputs"):
        lines += ["[output.map]", f'name = "{next(iter(extra))}"', 'kind = "logit"']
    lines += ["[preprocess]", f"scale = {preprocess.get('scale', 1 / 255)}"]
    lines += [f"{key} = {preprocess[key]}" for key in ("mean", "std") if key in preprocess]
    for step in preprocess.get("steps", []):
        interp = step.get("interp", "bilinear")
        height, width = step["size"]
        lines += ["[[preprocess.steps]]", f'op = "{step["op"]}"', f"width = {width}", f"height = {height}"]
        if step["op"] == "resize":
            lines.append(f'resample = "{interp.removesuffix("_noaa")}"')
            lines.append(f"antialias = {str(not interp.endswith('_noaa')).lower()}")
    return "\n".join(lines) + "\n"


def rewritten(pictures, folder, score, most):
    """Some of the pictures that Pillow reads, as PNG."""
    paths = sorted(path for path in pictures.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"))
    written = []
    for path in paths[:: max(1, len(paths) // (2 * most))]:
        try:
            picture = score.load(path)
        except Exception:  # noqa: BLE001 - broken files are there on purpose
            continue
        if min(picture.size) >= 32 and max(picture.size) <= 3000 and len(written) < most:
            written.append(folder / f"{len(written):03}.png")
            picture.save(written[-1])
    return written


def scan(program, environment, *arguments):
    run = subprocess.run([program, "scan", "--format", "jsonl", *arguments], env=environment, capture_output=True)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stderr.decode()


def main():
    program, python, peers, pictures = sys.argv[1:]
    peers = pathlib.Path(peers)
    sys.path.insert(0, str(peers))
    import score

    environment = {**os.environ, "VIRTUAL_ENV": os.path.abspath(python)}
    environment.pop("ORT_DYLIB_PATH", None)
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        (temporary / "pictures").mkdir()
        written = rewritten(pathlib.Path(pictures), temporary / "pictures", score, 40)
        with open(temporary / "list.csv", "w", newline="") as file:
            csv.writer(file).writerows([("path", "label", "group"), *((path, 0, "") for path in written)])
        print(f"{'network':26}" + "".join(f"{engine:>14}" for engine in ENGINES) + f"   of {len(written)} pictures")
        for card_path in sorted(peers.glob("*.json")):
            card = json.loads(card_path.read_text())
            if not card["preprocess"]:
                continue  # face detectors: crates/deepscreen/tests runs those
            model = peers / card["file"]
            folder = temporary / card["name"]
            folder.mkdir()
            (folder / model.name).symlink_to(model.resolve())
            (folder / "model.toml").write_text(contract(card["name"], card, model))
            out = temporary / f"{card['name']}.csv"
            command = [sys.executable, peers / "score.py", model, card_path, temporary / "list.csv", out, "--quiet"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            with open(out) as file:
                expected = {row["path"]: float(row["score"]) for row in csv.DictReader(file)}
            cells = []
            for engine in ENGINES:
                flags = ("--engine", engine, "--model", folder, temporary / "pictures")
                status, records, message = scan(program, environment, *flags)
                scores = {
                    record["input"]["path"]: evidence["probability"]
                    for record in records
                    for evidence in record["evidence"]
                    if evidence["kind"] == "score"
                }
                if status or scores.keys() != expected.keys():
                    cells.append("failed")
                    print(message or records[0]["failures"], file=sys.stderr)
                    wrong += 1
                    continue
                worst = max(abs(scores[path] - expected[path]) for path in expected)
                wrong += worst > 1e-3
                cells.append(f"{worst:.5f}")
            print(f"{card['name']:26}" + "".join(f"{cell:>14}" for cell in cells))
        for path in sorted((peers / "negative").iterdir()):
            flags = ("--output-kind", "probability", "--output", "cls_8", "--model", path, written[0])
            for engine in ENGINES:
                status, records, message = scan(program, environment, "--engine", engine, *flags)
                said = path.name in message and REFUSED.get(path.name, "") in message and "panicked" not in message
                if status != 2 or not said:
                    wrong += 1
                    print(f"NOT refused well on {engine}: {path.name}: status {status}")
                print(f"{path.name} on {engine}: {message.strip().splitlines()[0] if message else records}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
