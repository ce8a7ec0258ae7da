"""What the wheel carries, and that its types hold."""

import importlib.metadata
import pathlib
import subprocess
import sys
import textwrap

import deepscreen
import pytest

FOLDER = pathlib.Path(deepscreen.__file__).parent


def test_it_carries_licences_the_models_card_and_types(fixtures):
    root = fixtures.parent
    files = {str(file).replace("\\", "/"): file.locate() for file in importlib.metadata.files("deepscreen")}
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        carried = next(path for file, path in files.items() if file.endswith(f".dist-info/licenses/{name}"))
        assert carried.read_text(encoding="utf-8") == (root / name).read_text(encoding="utf-8")
    assert any(file.endswith(".dist-info/licenses/NOTICE") for file in files)
    card = FOLDER / "models/ai-image/README.md"
    assert card.read_text(encoding="utf-8") == (root / "models/ai-image/README.md").read_text(encoding="utf-8")
    assert (FOLDER / "py.typed").exists()
    assert (FOLDER / "_deepscreen.pyi").exists()


def test_versions_agree(photo):
    assert importlib.metadata.version("deepscreen") == deepscreen.__version__
    assert deepscreen.Screener(models=[]).screen(photo).replay.deepscreen == deepscreen.__version__


def test_every_public_name_is_there_and_documented():
    for name in deepscreen.__all__:
        value = getattr(deepscreen, name)
        if callable(value) and getattr(value, "__module__", "").startswith("deepscreen"):
            assert value.__doc__, name


def test_importing_it_needs_nothing_else():
    program = "import sys, deepscreen; print([m for m in ('numpy', 'PIL', 'pyarrow', 'ray', 'onnxruntime') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_types_hold(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(
        textwrap.dedent(
            """
            import pathlib
            import deepscreen

            screener = deepscreen.Screener(models=["ai-image"], limits={"max_bytes": 1}, policy=pathlib.Path("p.toml"))
            screening = screener.screen(b"")
            deepscreen.Screener(banks=[pathlib.Path("party.bank"), "other.bank"], bank_transforms=True).reload()
            reveal_type(screening.verdict.probability)
            for one in screener.screen_many(deepscreen.walk("x")):
                reveal_type(one.verdict.label)
            if screening.verdict.label == "fake":
                pass
            screener.screen(7)
            deepscreen.Screener(engine="tensorflow")
            """
        ),
        encoding="utf-8",
    )
    check = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", str(tmp_path / "cache")]
    run = subprocess.run([*check, "user.py"], capture_output=True, text=True, cwd=tmp_path, check=False)
    found = run.stdout
    assert "float | None" in found
    assert "no_indication" in found
    wrong = [line for line in found.splitlines() if ": error:" in line]
    assert sorted(int(line.split(":")[1]) for line in wrong) == [11, 13, 14], found
    package = subprocess.run([*check, "-p", "deepscreen"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert package.returncode == 0, package.stdout
