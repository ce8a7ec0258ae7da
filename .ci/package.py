"""Packages every crate that is published, and builds the packages together, away from the workspace.

Usage: package.py, from anywhere. Fails for a package of more than 10 MB, without both licences or a README, with a
README that links to what is not in the package, or that does not build from its own files alone.

`cargo package` would build each package by itself with all that it depends on, minutes each. Here they share the
checked dependencies of the workspace.
"""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What crates.io takes.
MOST = 10 * 1000 * 1000


def cargo(*arguments, cwd=ROOT):
    status = subprocess.run(["cargo", *arguments], cwd=cwd).returncode
    if status:
        sys.exit(status)


def metadata():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def complaints(folder):
    """What is wrong with an unpacked package."""
    package = tomllib.loads((folder / "Cargo.toml").read_text())["package"]
    for name in ["LICENSE-MIT", "LICENSE-APACHE"]:
        if not (folder / name).is_file():
            yield f"no {name}"
    readme = package.get("readme")
    if not readme or not (folder / readme).is_file():
        yield "no README"
        return
    # crates.io shows the README without the repository around it.
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (folder / readme).read_text()):
        if "://" not in link and not (folder / readme).parent.joinpath(link).exists():
            yield f"{readme} links to {link}, which is not in the package"


def main():
    about = metadata()
    published = [package for package in about["packages"] if package["publish"] != []]
    target = Path(about["target_directory"])
    names = [f"--package={package['name']}" for package in published]
    # Whoever tries a change has not committed it yet.
    cargo("package", "--no-verify", "--allow-dirty", "--locked", *names)

    alone = target / "package" / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    alone.mkdir(parents=True)
    bad = False
    for package in published:
        label = f"{package['name']}-{package['version']}"
        archive = target / "package" / f"{label}.crate"
        size = archive.stat().st_size
        with tarfile.open(archive) as files:
            # Cargo dates all files in a package alike: with that date, what was checked before would look unchanged.
            files.extractall(alone, filter=lambda file, path: tarfile.data_filter(file, path).replace(mtime=time.time()))
            count = sum(1 for _ in files)
        print(f"{label}: {size / 1e6:.2f} MB, {count} files")
        wrong = list(complaints(alone / label))
        if size > MOST:
            wrong.append(f"more than {MOST / 1e6:.0f} MB")
        for complaint in wrong:
            print(f"  {complaint}", file=sys.stderr)
        bad |= bool(wrong)
    if bad:
        sys.exit(1)

    # Each package finds the others here, as it would in the registry. With the profiles of the workspace, so that
    # what it has checked of other crates serves here too.
    folders = {package["name"]: f"{package['name']}-{package['version']}" for package in published}
    manifest = ["[workspace]", 'resolver = "3"', f"members = {json.dumps(list(folders.values()))}", "[patch.crates-io]"]
    manifest += [f"{name} = {{ path = {json.dumps(folder)} }}" for name, folder in folders.items()]
    text = (ROOT / "Cargo.toml").read_text()
    manifest += re.findall(r"^\[profile\..*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    (alone / "Cargo.toml").write_text("\n".join(manifest))
    shutil.copy(ROOT / "Cargo.lock", alone)
    cargo("check", "--workspace", "--examples", "--bins", "--lib", "--target-dir", str(target), cwd=alone)


main()
