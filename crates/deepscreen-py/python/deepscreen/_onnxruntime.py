"""Finds the ONNX Runtime that is installed beside this package.

The Rust library looks into the environment that the shell has activated. An interpreter that is called by its path has
another one: its own. `onnxruntime` is found there as an import would find it, and not imported.
"""

from __future__ import annotations

import importlib.util
import os
from glob import escape, glob

from . import _deepscreen

_PATTERNS = ("libonnxruntime.so*", "libonnxruntime.*.dylib", "libonnxruntime.dylib", "onnxruntime.dll")

_problems: dict[str, str] = {}


def libraries() -> list[str]:
    """The libraries of the `onnxruntime` package, mostly one."""
    try:
        spec = importlib.util.find_spec("onnxruntime")
    except (ImportError, ValueError):
        return []
    folders = spec.submodule_search_locations if spec else None
    return [
        library
        for folder in folders or ()
        for pattern in _PATTERNS
        for library in sorted(glob(os.path.join(escape(folder), "capi", pattern)))
    ]


def load() -> None:
    """Loads the first that fits, for the whole process. Where none does, the Rust library looks elsewhere."""
    # Whoever sets this has chosen.
    if os.environ.get("ORT_DYLIB_PATH"):
        return
    for library in libraries():
        if library in _problems:
            continue
        problem = _deepscreen.load_onnxruntime(library)
        if problem is None:
            return
        _problems[library] = problem


def problems() -> str:
    """What was wrong with each library that was tried."""
    return "; ".join(_problems.values())
