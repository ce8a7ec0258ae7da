"""Which ONNX Runtime runs: that of this very Python, whether or not its environment is active."""

import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

PROGRAM = """
import sys, deepscreen
screener = deepscreen.Screener({arguments})
print(screener.engine)
print(screener.screen({photo!r}).verdict.probability)
print("onnxruntime" in sys.modules)
"""


def run(photo, arguments="", setup=""):
    # As a service starts it: no environment is active, and nothing of one is on the path.
    names = ("VIRTUAL_ENV", "CONDA_PREFIX", "ORT_DYLIB_PATH", "PYENV_ROOT")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"PATH": "/nowhere", "HOME": "/nowhere"}
    program = setup + PROGRAM.format(arguments=arguments, photo=photo)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    return done.stdout.splitlines(), done.stderr


def test_the_package_of_this_python_is_found_without_an_active_environment_and_not_imported(photo):
    (engine, probability, imported), _ = run(photo)
    assert engine.startswith("onnxruntime 1.")
    assert imported == "False"
    (embedded, same, _), _ = run(photo, "engine='rten'")
    assert embedded.startswith("rten")
    assert float(same) == pytest.approx(float(probability), abs=1e-3)


def test_it_gets_along_with_the_package_itself(photo):
    (engine, _, imported), _ = run(photo, setup="import onnxruntime\n")
    assert engine.startswith("onnxruntime 1.")
    assert imported == "True"


def test_a_package_that_cannot_be_used_leaves_the_embedded_engine(photo, tmp_path):
    capi = tmp_path / "onnxruntime" / "capi"
    capi.mkdir(parents=True)
    (tmp_path / "onnxruntime/__init__.py").touch()
    (capi / "libonnxruntime.so.1.2.3").write_text("no library")
    first_on_the_path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    (engine, _, _), _ = run(photo, setup=first_on_the_path)
    assert engine.startswith("rten")
    _, errors = run(photo, "engine='onnxruntime'", first_on_the_path)
    assert "EngineUnavailableError" in errors
    assert "libonnxruntime.so.1.2.3: " in errors and "not a library" in errors


def test_a_library_that_is_named_is_taken(photo):
    import onnxruntime

    capi = pathlib.Path(onnxruntime.__file__).parent / "capi"
    library = next(iter(sorted(capi.glob("libonnxruntime*"))), None) or capi / "onnxruntime.dll"
    (engine, _, _), _ = run(photo, f"onnxruntime={str(library)!r}")
    assert engine.startswith("onnxruntime 1.")


def test_without_a_model_no_engine_is_loaded(photo):
    (engine, _, _), _ = run(photo, "models=[]")
    assert engine == "none"
