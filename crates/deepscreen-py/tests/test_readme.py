"""The README's examples run as they stand."""

import pathlib
import re

import deepscreen
import pytest

HERE = pathlib.Path(__file__).resolve()
CRATE = HERE.parents[1]
ROOT = HERE.parents[3]


def examples(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


CASES = [
    (path.relative_to(ROOT).as_posix(), number, text)
    for path in (CRATE / "README.md", ROOT / "README.md", ROOT / "README.vi.md")
    for number, text in enumerate(examples(path))
]


@pytest.mark.parametrize("name, number, text", CASES, ids=[f"{name}-{number}" for name, number, _ in CASES])
def test_an_example_runs(name, number, text, tmp_path, monkeypatch, fixtures):
    if re.search(r"^\s*(import|from) (ray|pyspark|deepscreen\.ray)\b", text, re.MULTILINE):
        compile(text, name, "exec")
        pytest.skip("test_ray.py does what this shows")
    photos = tmp_path / "photos"
    photos.mkdir()
    for source in (fixtures / "sample").iterdir():
        (photos / source.name).write_bytes(source.read_bytes())
    (tmp_path / "upload.jpg").write_bytes((fixtures / "sample/valley.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(text, name, "exec"), {"__name__": "__main__"})


def test_each_readme_has_an_example():
    assert {name for name, _, _ in CASES} == {"README.md", "README.vi.md", "crates/deepscreen-py/README.md"}


def test_every_setting_is_in_the_docstring_and_in_the_readme():
    readme = (CRATE / "README.md").read_text(encoding="utf-8")
    for name in deepscreen.Screener.__init__.__kwdefaults__:
        assert f"`{name}`" in deepscreen.Screener.__doc__, name
        assert f"`{name}`" in readme, name
