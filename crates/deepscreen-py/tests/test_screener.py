"""One picture in, one screening out."""

import os
import pathlib
import pickle
import subprocess
import sys
import threading

import deepscreen
import pytest


def test_the_shipped_model_works_without_anything_beside_it(screener, photo):
    screening = screener.screen(photo)
    assert screening.verdict.label == "no_indication"
    assert 0 < screening.verdict.probability < 1
    assert list(screening.replay.models) == ["ai-image"]
    assert screener.engine == screening.replay.engine
    assert screening.input.path == photo
    assert (screening.input.width, screening.input.height) == (800, 600)


def test_a_path_a_pathlib_path_and_bytes_say_the_same(hasher, photo):
    data = pathlib.Path(photo).read_bytes()
    by_path = hasher.screen(photo)
    assert hasher.screen(pathlib.Path(photo)) == by_path
    for given in (data, bytearray(data), memoryview(data)):
        by_bytes = hasher.screen(given)
        assert by_bytes.input.path is None
        assert by_bytes.input.sha256 == by_path.input.sha256
        assert by_bytes.hashes == by_path.hashes


@pytest.mark.parametrize(
    "name, code",
    [
        ("hostile/cut_half.jpg", "truncated"),
        ("hostile/text.jpg", "not_an_image"),
        ("hostile/empty.jpg", "empty"),
        ("hostile/bomb_header.png", "too_large"),
        ("hostile/photoshop.psd", "unsupported"),
        ("hostile/no_palette.png", "malformed"),
        ("no/such.jpg", "unreadable"),
        ("images", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_a_result_and_its_code_that_of_the_exception_of_hash(hasher, fixtures, name, code):
    screening = hasher.screen(fixtures / name)
    assert screening.verdict.label == "inconclusive"
    assert [(failure.source, failure.code) for failure in screening.failures] == [("media", code)]
    with pytest.raises(deepscreen.Error) as raised:
        deepscreen.hash(fixtures / name)
    assert raised.value.code == code
    assert raised.value.kind is deepscreen.ErrorKind(code)
    assert str(fixtures / name) in str(raised.value) or code in (
        "empty",
        "truncated",
        "malformed",
        "too_large",
        "unsupported",
    )


def test_limits_hold(photo):
    screening = deepscreen.Screener(models=[], limits={"max_bytes": 100}).screen(photo)
    assert [failure.code for failure in screening.failures] == ["too_large"]
    assert screening.input.sha256 is None
    with pytest.raises(deepscreen.TooLargeError):
        deepscreen.hash(photo, limits={"max_pixels": 100})


POLICY = """
schema = 1
[sources."detector/*"]
role = "votes"
threshold = 0.02
review_threshold = 0.01
max_fpr = 0.01
review_max_fpr = 0.05
"""


def test_settings_reach_the_screener(photo, tmp_path):
    screener = deepscreen.Screener(
        models="ai-image", engine="rten", threads=3, max_fpr=0.05, stability=2, language="vi"
    )
    assert screener.threads == 3
    screening = screener.screen(photo)
    score = next(evidence for evidence in screening.evidence if evidence["kind"] == "score")
    assert len(score["variants"]) == 2
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    from_file, from_text = (
        deepscreen.Screener(models=[], policy=given).screen(photo).replay.policy for given in (policy, POLICY)
    )
    assert from_file == from_text


def test_sentences_are_in_the_language_that_was_asked_for(photo):
    english, vietnamese = (
        deepscreen.Screener(engine="rten", policy=POLICY, language=code).screen(photo).verdict for code in ("en", "vi")
    )
    assert english.label == vietnamese.label == "likely_manipulated"
    assert english.kinds == ("ai_generated",)
    assert [reason.code for reason in english.reasons] == [reason.code for reason in vietnamese.reasons] != []
    assert english.reasons[0].message != vietnamese.reasons[0].message


def test_hash_gives_what_a_record_has(hasher, photo):
    assert deepscreen.hash(photo) == hasher.screen(photo).hashes
    assert deepscreen.hash(photo).to_dict() == hasher.screen(photo).to_dict()["hashes"]


def test_a_screener_can_be_pickled_and_says_what_it_is(photo):
    screener = deepscreen.Screener(models=[], threads=2)
    again = pickle.loads(pickle.dumps(screener))
    assert again.threads == 2
    assert again.screen(photo) == screener.screen(photo)
    assert repr(screener) == repr(again) == "Screener(models=[], threads=2)"


def test_one_screener_serves_many_threads(hasher, photo):
    expected = hasher.screen(photo)
    found = []

    def work():
        for _ in range(20):
            found.append(hasher.screen(photo))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(screening == expected for screening in found)


def test_other_threads_run_while_a_picture_is_screened(screener, photo):
    done = threading.Event()
    turns = 0

    def work():
        screener.screen(photo)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_is_told_instead_of_hanging(photo):
    program = f"""
import os, sys, deepscreen
screener = deepscreen.Screener(models=[])
screener.screen({photo!r})
if os.fork() == 0:
    for call in (lambda: screener.screen_many([{photo!r}]), screener.reload):
        try:
            call()
        except RuntimeError as error:
            print(error)
    print(deepscreen.Screener(models=[]).screen({photo!r}).verdict.label, flush=True)
    os._exit(0)
os.wait()
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.count("made before a fork") == 2
    assert "inconclusive" in run.stdout


def test_walk_lists_a_folder_in_byte_order(fixtures):
    found = list(deepscreen.walk(fixtures / "sample"))
    assert found == sorted(str(path) for path in (fixtures / "sample").iterdir())
    assert list(deepscreen.walk("no/such")) == ["no/such"]
