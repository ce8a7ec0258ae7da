"""Many pictures in, their screenings out: order, laziness, errors, threads, interrupts."""

import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy
import PIL.Image
import pytest


def pictures(fixtures):
    return [str(path) for path in sorted((fixtures / "images").iterdir())]


def test_screenings_come_in_the_order_of_the_pictures(hasher, fixtures):
    paths = pictures(fixtures) * 3
    found = [screening.input.path for screening in hasher.screen_many(paths)]
    assert found == paths


def test_one_at_a_time_says_the_same(hasher, fixtures):
    paths = pictures(fixtures)[::7] + [str(fixtures / "hostile/cut_half.jpg"), "no/such.jpg"]
    assert list(hasher.screen_many(paths)) == [hasher.screen(path) for path in paths]


def test_pictures_of_every_kind_mix(hasher, photo):
    image = PIL.Image.open(photo)
    mixed = [photo, open(photo, "rb").read(), image, numpy.asarray(image)]
    found = list(hasher.screen_many(iter(mixed)))
    assert [screening.input.format for screening in found] == ["jpeg", "jpeg", "pixels", "pixels"]
    assert not any(screening.failures for screening in found)


def test_it_is_lazy_and_bounded(hasher, photo):
    asked = 0

    def endless():
        nonlocal asked
        while True:
            asked += 1
            yield photo

    screenings = hasher.screen_many(endless())
    assert asked == 0
    first = list(itertools.islice(screenings, 5))
    assert len(first) == 5
    assert 5 <= asked <= 200


def test_what_the_iterable_raises_comes_after_the_screenings_before_it(hasher, photo):
    class Broken(Exception):
        pass

    def broken():
        yield from [photo] * 3
        raise Broken("disk on fire")

    screenings = hasher.screen_many(broken())
    assert [next(screenings).input.path for _ in range(3)] == [photo] * 3
    with pytest.raises(Broken, match="disk on fire") as raised:
        next(screenings)
    assert any(entry.name == "broken" for entry in raised.traceback)
    assert next(screenings, None) is None


def test_an_item_that_is_no_picture_is_an_error_of_the_caller(hasher, photo):
    screenings = hasher.screen_many([photo, numpy.zeros((2, 2), numpy.float64), photo])
    assert next(screenings).input.path == photo
    with pytest.raises(TypeError, match="float64"):
        next(screenings)
    assert next(screenings, None) is None


@pytest.mark.parametrize("one", ["a.jpg", b"bytes"])
def test_a_single_picture_is_not_taken_for_many(hasher, one):
    with pytest.raises(TypeError, match="not one"):
        hasher.screen_many(one)
    with pytest.raises(TypeError):
        hasher.screen_many(7)


def test_nothing_in_gives_nothing(hasher):
    assert list(hasher.screen_many([])) == []


class Endless:
    """One picture, for ever; a class, so that it can be referred to weakly and hold what it likes."""

    def __init__(self, picture):
        self.picture = picture

    def __iter__(self):
        return self

    def __next__(self):
        return self.picture


def test_an_iterator_may_be_dropped_midway(hasher, photo):
    source = Endless(photo)
    gone = weakref.ref(source)
    screenings = hasher.screen_many(source)
    next(screenings)
    del source, screenings
    gc.collect()
    assert gone() is None


def test_a_cycle_through_the_pictures_is_collected(hasher, photo):
    source = Endless(photo)
    source.screenings = hasher.screen_many(source)
    next(source.screenings)
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None


def test_pictures_that_ask_for_their_own_screenings_are_refused(hasher, photo):
    def circle():
        yield photo
        next(screenings)
        yield photo

    screenings = hasher.screen_many(circle())
    with pytest.raises(ValueError, match="their own"):
        list(screenings)


def test_threads_share_an_iterator(hasher, fixtures):
    paths = pictures(fixtures)
    screenings = hasher.screen_many(iter(paths))
    found = []

    def work():
        for screening in screenings:
            found.append(screening.input.path)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(paths)


def test_it_may_be_made_in_one_thread_and_used_in_another(hasher, photo):
    screenings = hasher.screen_many([photo])
    found = []
    thread = threading.Thread(target=lambda: found.extend(screenings))
    thread.start()
    thread.join()
    assert len(found) == 1


def test_two_iterators_of_one_screener_do_not_mix(hasher, fixtures):
    paths = pictures(fixtures)
    a, b = hasher.screen_many(paths), hasher.screen_many(reversed(paths))
    pairs = list(zip(a, b))
    assert [one.input.path for one, _ in pairs] == paths
    assert [other.input.path for _, other in pairs] == paths[::-1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("pause", [0, 0.05])
def test_control_c_stops_it_at_once(photo, pause):
    program = f"""
import signal, time, deepscreen
# Whoever runs the tests in the background may have them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
def endless():
    while True:
        time.sleep({pause})
        yield {photo!r}
screener = deepscreen.Screener(models=[], threads=1)
print("ready", flush=True)
try:
    for screening in screener.screen_many(endless()):
        pass
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        start = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - start < 2
        assert process.wait(timeout=10) == 0
