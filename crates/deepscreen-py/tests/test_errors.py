"""Wrong settings and unusable models: an exception of its own for each kind, with a text that says what is wrong."""

import json
import pathlib
import pickle

import deepscreen
import pytest
from deepscreen import errors


@pytest.mark.parametrize(
    "settings, kind, parts",
    [
        ({"engine": "tensorflow"}, deepscreen.InvalidConfigError, ["tensorflow", "auto, onnxruntime or rten"]),
        ({"provider": "tpu"}, deepscreen.InvalidConfigError, ["tpu", "cuda"]),
        ({"threads": -1}, deepscreen.InvalidConfigError, ["threads", "-1"]),
        ({"stability": 1000}, deepscreen.InvalidConfigError, ["stability", "1000"]),
        ({"max_fpr": 0}, deepscreen.InvalidConfigError, ["max_fpr"]),
        ({"max_fpr": 1e-9, "engine": "rten"}, deepscreen.InvalidConfigError, ["ai-image", "never measured"]),
        ({"limits": {"max_byte": 1}}, deepscreen.InvalidConfigError, ["limits", "max_byte", "max_bytes"]),
        ({"limits": {"max_bytes": -1}}, deepscreen.InvalidConfigError, ["limits", "-1"]),
        ({"language": "fr"}, deepscreen.InvalidConfigError, ["fr", "en or vi"]),
        ({"policy": "default = 3"}, deepscreen.InvalidConfigError, ["policy"]),
        ({"models": ["no/such/model"]}, deepscreen.Error, ["no/such/model"]),
        ({"models": ["ai-image", "ai-image"], "engine": "rten"}, deepscreen.InvalidConfigError, ["ai-image"]),
        ({"policy": pathlib.Path("no/policy.toml")}, deepscreen.UnreadableError, ["no/policy.toml"]),
        ({"banks": ["no/party.bank"]}, deepscreen.UnreadableError, ["no/party.bank"]),
        ({"onnxruntime": "no/libonnxruntime.so"}, deepscreen.EngineUnavailableError, ["no/libonnxruntime.so"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(settings, kind, parts):
    settings = {"models": []} | settings if "engine" not in settings or settings["engine"] != "rten" else settings
    if "onnxruntime" in settings:
        settings["models"] = ["ai-image"]
    with pytest.raises(kind) as raised:
        deepscreen.Screener(**settings).screen(b"")
    for part in parts:
        assert part in str(raised.value)


def test_a_policy_file_is_named_in_what_is_wrong_with_it(tmp_path):
    policy = tmp_path / "strict.toml"
    policy.write_text("fusion = 'guess'\n", encoding="utf-8")
    with pytest.raises(deepscreen.InvalidConfigError, match="strict.toml"):
        deepscreen.Screener(models=[], policy=policy)


@pytest.mark.parametrize(
    "settings",
    [
        {"threads": "two"},
        {"max_fpr": "low"},
        {"models": [3]},
        {"banks": [3]},
        {"bank_transforms": "yes"},
        {"limits": {"max_bytes": object()}},
        {"model": "ai-image"},
    ],
)
def test_settings_of_the_wrong_type_are_type_errors(settings):
    with pytest.raises(TypeError):
        deepscreen.Screener(**settings)


def test_hostile_networks_are_errors_of_their_kind(fixtures):
    for model in sorted((fixtures / "networks/hostile").iterdir())[:6]:
        if model.is_dir():
            with pytest.raises(deepscreen.Error) as raised:
                deepscreen.Screener(models=[model], engine="rten")
            assert type(raised.value) is not deepscreen.Error, model.name


def test_every_kind_has_a_class_of_its_own_and_no_kind_is_missing(fixtures):
    schema = json.loads((fixtures.parent / "crates/deepscreen/schema/deepscreen-1.json").read_text(encoding="utf-8"))
    codes = set(schema["properties"]["failures"]["items"]["properties"]["code"]["enum"])
    assert {kind.value for kind in deepscreen.ErrorKind} == codes
    for code in codes:
        error = errors.error(code, "text")
        assert type(error) is not deepscreen.Error
        assert type(error).__name__ in deepscreen.__all__
        assert (error.code, str(error)) == (code, "text")
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.code) == (type(error), "text", code)


def test_a_kind_that_this_version_does_not_know_keeps_its_code():
    error = errors.error("moon_phase", "text")
    assert (type(error), error.code, error.kind) == (deepscreen.Error, "moon_phase", None)


def test_errors_are_what_pythons_own_handlers_expect():
    assert issubclass(deepscreen.InvalidConfigError, ValueError)
    assert issubclass(deepscreen.UnreadableError, OSError)
    assert issubclass(deepscreen.TimeoutError, TimeoutError)
