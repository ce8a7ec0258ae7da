"""Ray Data on this machine: two workers, one of them killed on the way, and every row there once."""

import collections
import os
import pathlib
import signal
import threading

import deepscreen
import pytest

ray = pytest.importorskip("ray", reason="skipped: ray[data] is not installed")

import deepscreen.ray
import ray.data


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # A machine that is short of disk or memory is not what is tested here.
    os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def many(tmp_path_factory, fixtures):
    """Files of their own, so that a row which is lost or doubled shows."""
    folder = tmp_path_factory.mktemp("pictures")
    sample = [path.read_bytes() for path in sorted((fixtures / "sample").iterdir())]
    for number in range(60):
        (folder / f"{number:04}.jpg").write_bytes(sample[number % len(sample)])
    return sorted(str(path) for path in folder.iterdir())


def busy_workers():
    """Processes that screen at this moment: Ray puts the call that runs into their titles."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                title = (process / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
            except OSError:
                continue
            if title.startswith("ray::MapWorker(MapBatches(Worker)).submit"):
                found.append(int(process.name))
    return found


def test_paths_come_out_as_one_screener_says_it(many, screener):
    data = ray.data.from_items([{"path": path} for path in many[:12]])
    result = deepscreen.ray.screen(data, concurrency=2, batch_size=4, engine="rten")
    rows = {row["path"]: row for row in result.take_all()}
    assert sorted(rows) == many[:12]
    for path in many[:12]:
        expected = screener.screen(path)
        assert deepscreen.Screening.from_json(rows[path]["record"]) == expected
        assert rows[path]["probability"] == expected.verdict.probability


def test_files_that_ray_has_read_keep_their_path(fixtures):
    data = ray.data.read_binary_files(str(fixtures / "sample"), include_paths=True)
    result = deepscreen.ray.screen(data, column="bytes", models=[])
    table = ray.data.Dataset.to_arrow_refs(result)
    tables = ray.get(table)
    assert all(part.schema.equals(deepscreen.ray.SCHEMA) for part in tables if part.num_rows)
    rows = [row for part in tables for row in part.to_pylist()]
    names = sorted(pathlib.Path(row["path"]).name for row in rows)
    assert names == sorted(path.name for path in (fixtures / "sample").iterdir())
    codes = {pathlib.Path(row["path"]).name: [failure["code"] for failure in row["failures"]] for row in rows}
    assert codes["cut.jpg"] == ["truncated"]
    assert codes["valley.jpg"] == []


def test_wrong_settings_are_said_before_anything_starts(many):
    data = ray.data.from_items([{"path": path} for path in many])
    with pytest.raises(deepscreen.InvalidConfigError):
        deepscreen.ray.screen(data, engine="tensorflow")
    with pytest.raises(TypeError, match="num_cpus"):
        deepscreen.ray.screen(data, threads=2)
    with pytest.raises(ValueError, match="num_cpus"):
        deepscreen.ray.screen(data, num_cpus=0)


@pytest.mark.skipif(not pathlib.Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_worker_that_is_killed_loses_nothing(many):
    data = ray.data.from_items([{"path": path} for path in many], override_num_blocks=15)
    result = deepscreen.ray.screen(data, concurrency=2, batch_size=4, engine="rten")
    killed = []
    done = threading.Event()

    def kill():
        while not killed and not done.wait(0.02):
            if len(busy := busy_workers()) == 2:
                os.kill(busy[0], signal.SIGKILL)
                killed.append(busy[0])

    killer = threading.Thread(target=kill)
    killer.start()
    rows = result.take_all()
    done.set()
    killer.join()
    assert killed, "no two workers were ever at work together"
    times = collections.Counter(row["path"] for row in rows)
    assert sorted(times) == many
    assert set(times.values()) == {1}
