"""A second reading equals the first, whatever happened to the cache; a changed log is read again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from inspect_ai.log import EvalLog

from advocate_evals.logs import episode_table
from advocate_evals.logs.episode_table import CACHE_VARIABLE, cache_folder, read_logs


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_the_second_reading_is_the_first_and_reads_no_log(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = read_logs(folder, cache=False)
    first = read_logs(folder, cache=cache)
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr(episode_table, "read_raw_log", lambda address: pytest.fail(f"{address} was read again"))
    second = read_logs(folder, cache=cache)
    for reading in (first, second):
        pd.testing.assert_frame_equal(reading.episodes, fresh.episodes)
        assert (reading.logs, reading.planned, reading.counts) == (fresh.logs, fresh.planned, fresh.counts)


def test_an_entry_is_of_the_content_and_not_of_the_place(path: Path, cache: Path, tmp_path: Path) -> None:
    read_logs(path, cache=cache)
    moved = tmp_path / "moved.eval"
    shutil.copy(path, moved)
    assert set(read_logs(moved, cache=cache).episodes["log"]) == {str(moved)}
    assert len(list(cache.iterdir())) == 1


def test_a_change_that_keeps_the_time_is_seen(edited: Callable[..., Path], cache: Path) -> None:
    def all_to(harm: float) -> Callable[[EvalLog], None]:
        def change(log: EvalLog) -> None:
            for sample in log.samples or []:
                assert sample.scores and isinstance(sample.scores["actions"].value, dict)
                sample.scores["actions"].value["harm"] = harm

        return change

    log = edited(all_to(1.0))
    before = log.stat()
    assert set(read_logs(log, cache=cache).episodes["harm"]) == {1.0}
    edited(all_to(0.0))
    os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert set(read_logs(log, cache=cache).episodes["harm"]) == {0.0}


@pytest.mark.parametrize("damage", [b"", b"no parquet", None])
def test_a_damaged_entry_is_made_again(path: Path, cache: Path, damage: bytes | None) -> None:
    undamaged = read_logs(path, cache=cache)
    (entry,) = cache.iterdir()
    good = entry.read_bytes()
    if damage is None:
        pd.DataFrame({"log": [1]}).to_parquet(entry)
    else:
        entry.write_bytes(damage)
    pd.testing.assert_frame_equal(read_logs(path, cache=cache).episodes, undamaged.episodes)
    assert entry.read_bytes() == good


def test_nothing_half_written_is_left_behind(path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(episode_table.pq, "write_table", full)
    assert len(read_logs(path, cache=cache).episodes) == 4
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert len(read_logs(path, cache=tmp_path / "file" / "deep").episodes) == 4


def test_the_log_of_a_run_that_is_going_is_not_kept(edited: Callable[..., Path], cache: Path) -> None:
    read_logs(edited(lambda log: setattr(log, "status", "started")), cache=cache)
    assert not cache.exists()


def test_the_folder_is_the_one_given_the_environments_or_the_usual(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert cache_folder(False) is None
    assert cache_folder(tmp_path) == tmp_path
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "named"))
    assert cache_folder(True) == tmp_path / "named"
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder(True) is not None and "advocate-evals" in str(cache_folder(True))
