"""What the tests share. They run against the installed package, never against the source tree beside them."""

import os
import pathlib

import deepscreen
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "fixtures"


@pytest.fixture(scope="session")
def fixtures():
    return FIXTURES


@pytest.fixture(scope="session")
def photo(fixtures):
    return str(fixtures / "images" / "photo_valley.jpg")


@pytest.fixture(scope="session")
def screener():
    """With the shipped model, on the engine that is always there."""
    return deepscreen.Screener(engine="rten")


@pytest.fixture(scope="session")
def hasher():
    """Hashes alone: quick."""
    return deepscreen.Screener(models=[], provenance=False, threads=2)


@pytest.fixture(scope="session")
def program():
    """The Rust program, which `DEEPSCREEN_PROGRAM` names."""
    path = os.environ.get("DEEPSCREEN_PROGRAM")
    if not path:
        pytest.skip("DEEPSCREEN_PROGRAM does not name the Rust program")
    return path
