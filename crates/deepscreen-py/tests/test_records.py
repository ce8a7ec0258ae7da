"""Records: what the Rust library writes, as JSON, dictionaries, dataclasses and pickles."""

import dataclasses
import json
import pickle
import subprocess

import deepscreen
import jsonschema
import pytest


@pytest.fixture(scope="module")
def screenings(screener, fixtures):
    names = ["photo_valley.jpg", "gif_animated.gif", "tiny_8x8.png", "raw_strip.dng", "webp_alpha.webp"]
    paths = [fixtures / "images" / name for name in names]
    paths += sorted((fixtures / "hostile").iterdir())
    return list(screener.screen_many(paths))


def test_every_record_is_as_the_schema_says(screenings, fixtures):
    schema = json.loads((fixtures.parent / "crates/deepscreen/schema/deepscreen-1.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert len(screenings) > 50
    for screening in screenings:
        assert "\n" not in screening.to_json()
        assert json.loads(screening.to_json()) == screening.to_dict()
        validator.validate(screening.to_dict())
        assert screening.schema == deepscreen.SCHEMA


def test_records_are_those_of_the_rust_program(program, screener, fixtures):
    folders = [fixtures / "sample", fixtures / "hostile"]
    run = subprocess.run(
        [program, "scan", "--format", "jsonl", "--engine", "rten", *folders], capture_output=True, text=True, check=True
    )
    theirs = run.stdout.splitlines()
    ours = [
        screening.to_json()
        for screening in screener.screen_many(path for folder in folders for path in deepscreen.walk(folder))
    ]
    assert len(theirs) == len(ours) > 50

    def timeless(line):
        before, _ = line.rsplit(',"elapsed_ms":', 1)
        return before

    # The text itself, so that the order of fields and the form of numbers count.
    assert [timeless(line) for line in ours] == [timeless(line) for line in theirs]


def test_dataclasses_say_what_the_record_says(screenings):
    for screening in screenings:
        record = screening.to_dict()
        assert dataclasses.asdict(screening.input) == {
            name: record["input"].get(name) for name in ("bytes", "path", "sha256", "format", "width", "height")
        }
        verdict = dataclasses.asdict(screening.verdict)
        assert {**verdict, "kinds": list(verdict["kinds"]), "reasons": list(verdict["reasons"])} == record["verdict"]
        assert list(screening.evidence) == record["evidence"]
        assert [dataclasses.asdict(failure) for failure in screening.failures] == record["failures"]
        assert dataclasses.asdict(screening.replay) == {"lists": {}, **record["replay"]}
        assert screening.elapsed_ms == record["elapsed_ms"]
        assert (screening.hashes.to_dict() if screening.hashes else None) == record.get("hashes")


def test_a_screening_survives_pickle_and_json(screenings):
    for screening in screenings:
        for again in (pickle.loads(pickle.dumps(screening)), deepscreen.Screening.from_json(screening.to_json())):
            assert again == screening
            assert again.to_json() == screening.to_json()
            assert again.elapsed_ms == screening.elapsed_ms


def test_a_screening_cannot_be_changed(screenings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        screenings[0].schema = "deepscreen/2"
    screenings[0].to_dict()["verdict"]["label"] = "likely_manipulated"
    assert screenings[0].to_dict()["verdict"]["label"] == screenings[0].verdict.label


def test_fields_of_later_versions_do_no_harm(screenings):
    record = screenings[0].to_dict()
    record["provenance"] = {"signed": True}
    for part in (record["input"], record["verdict"], record["replay"], record["hashes"], record["hashes"]["pdq"]):
        part["new"] = [1, 2]
    record["evidence"].append({"source": "c2pa", "kind": "c2pa", "manifest": "present"})
    record["failures"].append({"source": "x", "code": "moon_phase", "message": "full", "new": 1})
    screening = deepscreen.Screening.from_json(json.dumps(record))
    assert screening.to_dict() == record
    assert screening.evidence[-1]["manifest"] == "present"
    assert screening.failures[-1].code == "moon_phase"
    assert pickle.loads(pickle.dumps(screening)) == screening
