"""Banks of known pictures: what is found, what `reload` reads again, what goes wrong."""

import json
import os
import pickle
import subprocess
import threading

import deepscreen
import jsonschema
import pytest


@pytest.fixture
def other(fixtures):
    return str(fixtures / "images/tiny_40x40.png")


@pytest.fixture
def add(program):
    """Adds a known fake to a bank."""

    def add(bank, picture):
        subprocess.run([program, "bank", "add", bank, picture, "--label", "known_fake"], check=True)

    return add


@pytest.fixture
def bank(program, add, tmp_path, photo):
    """A bank that knows one picture."""
    path = tmp_path / "party.bank"
    subprocess.run([program, "bank", "create", path], check=True)
    add(path, photo)
    return path


def screener_with(*banks, **settings):
    return deepscreen.Screener(models=[], provenance=False, threads=2, banks=banks, **settings)


def is_known(screening):
    return screening.verdict.label == "likely_manipulated"


def checksum(screening):
    return screening.replay.lists["bank/party"]


def test_a_known_fake_is_found(bank, photo, other, fixtures):
    screener = screener_with(bank)
    screening = screener.screen(photo)
    assert is_known(screening)
    assert screening.verdict.kinds == ("known_fake",)
    assert [reason.code for reason in screening.verdict.reasons] == ["bank.known_fake"]
    (match,) = screening.evidence
    assert match == {
        "source": "bank/party",
        "kind": "match",
        "label": "known_fake",
        "hash": "sha256",
        "entry": "1",
        "name": "photo_valley.jpg",
    }
    schema = json.loads((fixtures.parent / "crates/deepscreen/schema/deepscreen-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(screening.to_dict())
    assert not is_known(screener.screen(other))
    assert deepscreen.Screening.from_json(screening.to_json()) == screening


def test_a_bank_is_given_as_text_or_path_alone_or_with_others(bank, photo):
    more = bank.with_name("more.bank")
    more.write_bytes(bank.read_bytes())
    for banks in (bank, str(bank), [str(bank), more], iter([bank, more])):
        screener = deepscreen.Screener(models=[], banks=banks)
        again = pickle.loads(pickle.dumps(screener))
        assert is_known(screener.screen(photo)) and is_known(again.screen(photo))
        assert repr(screener) == repr(again)
    assert sorted(screener.screen(photo).replay.lists) == ["bank/more", "bank/party"]
    with pytest.raises(deepscreen.InvalidConfigError, match="bank/party"):
        screener_with(bank, bank)


def test_mirrored_pictures_are_found_where_that_is_asked_for(bank, photo):
    image = pytest.importorskip("PIL.Image").open(photo)
    mirrored = image.transpose(0)  # FLIP_LEFT_RIGHT
    assert not is_known(screener_with(bank).screen(mirrored))
    (match,) = screener_with(bank, bank_transforms=True).screen(mirrored).evidence
    assert (match["hash"], match["transform"]) == ("pdq", "mirrored")
    assert match["distance"] <= 31


def test_what_is_added_is_known_after_reload_and_not_before(bank, add, other):
    screener = screener_with(bank)
    before = screener.screen(other)
    begun = screener.screen_many([other] * 150)
    not_asked_yet = screener.screen_many([other] * 3)
    assert next(begun) == before
    add(bank, other)
    assert screener.screen(other) == before
    assert screener.reload() is None
    after = screener.screen(other)
    assert is_known(after) and not is_known(before)
    assert checksum(after) != checksum(before)
    # What has begun goes on with what it began with.
    rest = list(begun)
    assert len(rest) == 149
    assert all(screening == before for screening in rest)
    assert list(not_asked_yet) == [before] * 3
    assert list(screener.screen_many([other])) == [after]


@pytest.mark.parametrize(
    "damage, kind",
    [
        (lambda _: None, deepscreen.UnreadableError),
        (lambda _: b"known fakes:\n", deepscreen.InvalidBankError),
        (lambda whole: whole[:100] + b"\x5a" * 8000, deepscreen.InvalidBankError),
    ],
    ids=["missing", "foreign", "damaged"],
)
def test_a_bank_that_cannot_be_read_is_named_and_a_screener_goes_on_with_what_it_has(bank, photo, damage, kind):
    whole = bank.read_bytes()
    broken = damage(whole)
    screener = screener_with(bank)
    before = screener.screen(photo)
    # The open file stays as it is where another takes its name.
    os.remove(bank)
    if broken is not None:
        bank.write_bytes(broken)
    for call in (screener.reload, lambda: screener_with(bank), screener.reload):
        with pytest.raises(kind) as raised:
            call()
        assert type(raised.value) is kind
        assert str(bank) in str(raised.value)
        assert screener.screen(photo) == before
        assert is_known(before)
    new = bank.with_name("new")
    new.write_bytes(whole)
    os.replace(new, bank)
    screener.reload()
    assert screener.screen(photo) == before


def test_reload_while_threads_screen_and_each_record_is_of_one_bank(bank, add, other):
    screener = screener_with(bank)
    before = checksum(screener.screen(other))
    found, failed, stop = [], [], threading.Event()
    enough = threading.Semaphore(0)

    def work(screen):
        try:
            while not stop.is_set():
                found.append(screen())
                enough.release()
        except BaseException as error:
            failed.append(error)
            enough.release()

    ways = [lambda: screener.screen(other), lambda: screener.screen(other), lambda: next(screener.screen_many([other]))]
    threads = [threading.Thread(target=work, args=(way,)) for way in ways]

    def reload():
        for _ in range(5):
            screener.reload()

    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            enough.acquire()
        add(bank, other)
        reloading = threading.Thread(target=reload)
        reloading.start()
        reload()
        reloading.join()
        seen = len(found)
        while len(found) < seen + 6 and not failed:
            enough.acquire()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed
    old = [screening for screening in found if checksum(screening) == before]
    new = [screening for screening in found if checksum(screening) != before]
    assert old and new
    assert not any(map(is_known, old)) and all(map(is_known, new))
    assert len(set(map(checksum, new))) == 1
    assert not any(screening.failures for screening in found)


def test_a_screener_without_banks_reloads_nothing(hasher, photo):
    before = hasher.screen(photo)
    hasher.reload()
    assert hasher.screen(photo) == before
    assert before.replay.lists == {}
