"""Arrow tables: the columns that stay, paths and bytes in, Spark's interface."""

import json
import pathlib

import deepscreen
import pyarrow as pa
import pytest
from deepscreen import arrow


def test_the_columns_are_those_that_are_documented():
    assert [(field.name, str(field.type)) for field in arrow.SCHEMA] == [
        ("path", "string"),
        ("sha256", "string"),
        ("label", "string"),
        ("probability", "double"),
        ("kinds", "list<item: string>"),
        ("reasons", "list<item: struct<code: string, source: string, strength: string, message: string>>"),
        ("failures", "list<item: struct<source: string, code: string, message: string>>"),
        ("elapsed_ms", "double"),
        ("record", "string"),
    ]
    for name in arrow.SCHEMA.names:
        assert f"`{name}`" in arrow.__doc__


def test_the_ddl_for_spark_is_the_same_schema():
    def ddl(kind):
        if pa.types.is_list(kind):
            return f"array<{ddl(kind.value_type)}>"
        if pa.types.is_struct(kind):
            return f"struct<{', '.join(f'{field.name}: {ddl(field.type)}' for field in kind)}>"
        return {"string": "string", "double": "double"}[str(kind)]

    assert ", ".join(f"{field.name} {ddl(field.type)}" for field in arrow.SCHEMA) == arrow.DDL


def test_a_table_says_what_the_screenings_say(screener, fixtures):
    screenings = list(screener.screen_many(deepscreen.walk(fixtures / "sample")))
    table = arrow.table(screenings)
    assert table.schema == arrow.SCHEMA
    for row, screening in zip(table.to_pylist(), screenings, strict=True):
        assert row["path"] == screening.input.path
        assert row["sha256"] == screening.input.sha256
        assert (row["label"], row["probability"]) == (screening.verdict.label, screening.verdict.probability)
        record = screening.to_dict()
        assert row["kinds"] == record["verdict"]["kinds"]
        assert row["reasons"] == record["verdict"]["reasons"]
        assert row["failures"] == record["failures"]
        assert deepscreen.Screening.from_json(row["record"]) == screening
    assert any(row["failures"] for row in table.to_pylist())


def test_paths_and_bytes_give_the_same_rows_in_batches_as_they_came(fixtures):
    paths = list(deepscreen.walk(fixtures / "sample"))
    contents = [pathlib.Path(path).read_bytes() for path in paths]
    batch = pa.record_batch({"path": paths, "content": pa.array(contents, pa.binary())})
    batches = [batch.slice(0, 2), batch.slice(2, 0), batch.slice(2), batch.slice(0, 0)]
    by_path = list(arrow.screen(batches, models=[]))
    by_bytes = list(arrow.screen(batches, column="content", models=[]))
    assert [result.num_rows for result in by_path] == [2, 0, len(paths) - 2, 0]
    assert [result.num_rows for result in by_bytes] == [2, 0, len(paths) - 2, 0]
    for name in ("path", "sha256", "label", "probability", "kinds", "reasons", "failures"):
        columns = [pa.Table.from_batches(results)[name].to_pylist() for results in (by_path, by_bytes)]
        assert columns[0] == columns[1]
    assert pa.Table.from_batches(by_bytes)["path"].to_pylist() == paths
    assert "path" not in json.loads(by_bytes[0]["record"][0].as_py())["input"]


def test_a_null_is_a_row_as_well(photo):
    batch = pa.record_batch({"path": pa.array([photo, None])})
    rows = pa.Table.from_batches(arrow.screen([batch], models=[])).to_pylist()
    assert [failure["code"] for failure in rows[1]["failures"]] == ["empty"]
    assert rows[1]["path"] is None


def test_columns_of_other_types_and_names_are_refused():
    batch = pa.record_batch({"path": [1, 2]})
    with pytest.raises(TypeError, match="int64"):
        list(arrow.screen([batch], models=[]))
    with pytest.raises(ValueError, match="'image'.*'path'"):
        list(arrow.screen([batch], column="image", models=[]))


def test_pandas_reads_it(hasher, photo):
    frame = arrow.table([hasher.screen(photo)]).to_pandas()
    assert list(frame.columns) == arrow.SCHEMA.names
    assert frame.label[0] == "inconclusive"
