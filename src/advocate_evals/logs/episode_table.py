"""Tables of logs that were read before, kept as parquet files under a digest of what the log holds.

An entry names neither its log nor when it was written: the same content gives the same entry wherever it lies. Whatever is
wrong with an entry, it is made again. The folder can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from advocate_evals.logs.episode_columns import EPISODE_COLUMNS, EPISODE_STATES, SETTING_COLUMNS, TEXT_KIND
from advocate_evals.logs.episode_rows import EPISODE_SCHEMA, build_episode_rows, drop_duplicates
from advocate_evals.logs.raw_log import (
    LogInfo,
    SampleKey,
    UnreadableLog,
    find_logs,
    hash_log,
    is_local_log,
    list_planned_samples,
    read_log_info,
    read_raw_log,
)

READER_VERSION = 3
"""Raised whenever the same log would give another table."""
CACHE_VARIABLE = "ADVOCATE_EVALS_CACHE"
"""Environment variable that names the folder."""
_ABOUT = b"advocate_evals"

CachedLog = tuple[LogInfo, pa.Table, list[SampleKey]]
"""A log, its episodes, and those that it planned."""


def cache_folder(given: bool | str | Path) -> Path | None:
    """Where tables are kept: the folder given, else the one that the environment names, else the usual one; none for False."""
    if given is False:
        return None
    if given is not True:
        return Path(given)
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("advocate-evals") / "logs")


def read_cached_log(address: str, kept: Path | None) -> CachedLog:
    """A log, from its entry if there is one.

    Raises:
        UnreadableLog: if the log cannot be used.
    """
    entry = kept / f"{_key(address)}.parquet" if kept else None
    found = _load(entry, address) if entry else None
    if found is None:
        found = _fresh(address)
        if entry and found[0].status != "started":  # one that is still being written has another content at once
            _store(entry, found)
    return found


def _fresh(address: str) -> CachedLog:
    got = read_raw_log(address)
    log = read_log_info(address, got.header)
    rows = build_episode_rows(log, got)
    states = rows.column("state").to_pylist()
    log = replace(log, samples=len(states), states={state: states.count(state) for state in EPISODE_STATES})
    return log, rows, list_planned_samples(got.header)


def _key(address: str) -> str:
    shape = hashlib.sha256(json.dumps([READER_VERSION, list(EPISODE_COLUMNS.items())]).encode()).hexdigest()[:8]
    return f"{hash_log(address)[:40]}-{shape}"


def _load(entry: Path, address: str) -> CachedLog | None:
    try:
        rows = pq.read_table(entry)
        about = json.loads(rows.schema.metadata[_ABOUT])
        log = LogInfo(**about["log"] | {"log": address})
        names = [(str(name), int(epoch)) for name, epoch in about["planned"]]
        rows = rows.set_column(0, "log", pa.array([address] * len(rows), pa.string())).cast(EPISODE_SCHEMA)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):  # missing, cut off, of another shape
        return None
    return log, rows, names


def _store(entry: Path, found: CachedLog) -> None:
    """Put an entry down in one step; a folder that cannot be written costs the next reading its time and nothing else."""
    log, rows, names = found
    about = json.dumps({"log": asdict(log) | {"log": ""}, "planned": names}).encode()
    blank = rows.set_column(0, "log", pa.array([""] * len(rows), pa.string()))
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent, suffix=".part")
        os.close(handle)
        try:
            pq.write_table(blank.replace_schema_metadata({_ABOUT: about}), name, compression="zstd")
            os.replace(name, entry)
        finally:
            Path(name).unlink(missing_ok=True)


# --- From logs to the episode frame: the way in to everything that is said of results. ---


PlannedEpisode = tuple[str, int, str, str, int]
PLANNED_KEYS = ("task", "task_version", "model", "sample_id", "epoch")
"""What names an episode before it is played."""

_AT_ONCE = 8
"""Distant logs that are fetched at the same time."""

_SAID = {
    "unscored": "episodes were not scored",
    "error": "episodes ended in an error",
    "cancelled": "episodes were cut off",
    "invalidated": "episodes were invalidated",
    "not_finished": "planned episodes are in no log",
    "retried": "episodes were played again after an error",
    "copies": "copies of episodes were left out",
    "repeats": "repeats of episodes were left out",
}


class ConflictError(ValueError):
    """Episodes that must not be pooled; the message names what has to be chosen."""


class LogError(ValueError):
    """Logs that a strict reading refuses; the message names each with its reason."""


@dataclass(frozen=True, slots=True)
class VersionConflict:
    """Versions of one task that stand side by side: a measured number has moved between them."""

    task: str
    versions: Mapping[int, int]
    """Episodes by version."""

    def __str__(self) -> str:
        listed = ", ".join(f"version {version} ({count} episodes)" for version, count in self.versions.items())
        return f"{self.task}: {listed}"


@dataclass(frozen=True, slots=True)
class LogReading:
    """What logs say, and what became of each of them."""

    episodes: pd.DataFrame
    """One row per episode kept, in the columns of `columns.COLUMNS`, ordered by log as they were played."""
    logs: tuple[LogInfo, ...]
    """Every log found, read or not."""
    dropped: pd.DataFrame
    """Copies and repeats, and the one that was kept for each."""
    planned: frozenset[PlannedEpisode]
    """Every episode that a log named beforehand."""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of what.

        Keys: `logs`, `skipped` (logs), `episodes` (kept), each of `columns.STATES`, `copies` and `repeats` (dropped), `retried`
        (kept ones that were played again after an error), `not_finished` (planned, but in no log).
        """
        states = self.episodes["state"].value_counts()
        why = self.dropped["why"].value_counts()
        there = set(zip(*(self.episodes[name] for name in PLANNED_KEYS), strict=True))
        return {
            "logs": sum(log.fate == "read" for log in self.logs),
            "skipped": len(self.skipped),
            "episodes": len(self.episodes),
            **{state: int(states.get(state, 0)) for state in EPISODE_STATES},
            "copies": int(why.get("copy", 0)),
            "repeats": int(why.get("repeat", 0)),
            "retried": int((self.episodes["retries"] > 0).sum()),
            "not_finished": len(self.planned - there),
        }

    @property
    def mixed(self) -> tuple[str, ...]:
        """Sentences: where one task, version and model were run under several settings, data sets or versions of the suite."""
        return tuple(_mixed(self.episodes))

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """Address and reason of each log that could not be used."""
        return tuple((log.log, log.fate) for log in self.logs if log.fate != "read")

    @property
    def conflicts(self) -> tuple[VersionConflict, ...]:
        """Tasks of which several versions were read."""
        sizes = self.episodes.groupby(["task", "task_version"]).size()
        by_task = {task: dict(sizes[task]) for task in sizes.index.unique("task")}
        return tuple(
            VersionConflict(str(task), {int(version): int(count) for version, count in found.items()})
            for task, found in by_task.items()
            if len(found) > 1
        )

    def notes(self) -> Iterator[str]:
        """What a reader of the figures should know of the logs, a line each; nothing where there is nothing to say."""
        counts = self.counts
        yield from (f"skipped: {address}: {reason}" for address, reason in self.skipped)
        yield from (f"not to be pooled: {conflict}" for conflict in self.conflicts)
        yield from (f"mixed: {line}" for line in self.mixed)
        for name, said in _SAID.items():
            if counts[name]:
                yield f"{counts[name]} {said}"

    def at(self, versions: int | Mapping[str, int]) -> LogReading:
        """The reading with one version of each task; tasks that are not named, or have one version only, stay.

        Args:
            versions: The version of every task that has several, or of each by its name.

        Raises:
            ConflictError: if a version that is asked for is not there.
        """
        gone: set[tuple[str, int]] = set()
        for conflict in self.conflicts:
            wanted = versions if isinstance(versions, int) else versions.get(conflict.task)
            if wanted is not None and wanted not in conflict.versions:
                raise ConflictError(f"no version {wanted} of {conflict}")
            gone |= {(conflict.task, other) for other in conflict.versions if wanted not in (None, other)}
        return replace(
            self,
            episodes=_without(self.episodes, gone),
            dropped=_without(self.dropped, gone),
            planned=frozenset(one for one in self.planned if one[:2] not in gone),
        )

    def pooled(self) -> pd.DataFrame:
        """The episodes, where nothing keeps them from being pooled.

        Raises:
            ConflictError: if several versions of a task were read.
        """
        if self.conflicts:
            raise ConflictError(
                "versions of a task cannot be pooled, choose one (--task-version): "
                + "; ".join(map(str, self.conflicts))
            )
        return self.episodes


def read_logs(
    places: str | Path | Iterable[str | Path],
    *,
    strict: bool = False,
    cache: bool | str | Path = True,
    progress: bool = False,
) -> LogReading:
    """Read the logs at some places.

    Args:
        places: Files, folders (with all folders in them), patterns; paths or addresses that fsspec opens.
        strict: Refuse logs that cannot be used, in place of naming and skipping them.
        cache: Where tables of logs are kept for a second reading: a folder, the usual one, or none.
        progress: Show a bar on the error output.

    Raises:
        FileNotFoundError: for a place where there is no log.
        LogError: if `strict` and a log cannot be used.
    """
    found = find_logs(places)
    folder = cache_folder(cache)
    parts: list[pa.Table] = []
    logs: list[LogInfo] = []
    planned: set[PlannedEpisode] = set()
    for address, got in _shown(zip(found, _each(found, folder), strict=True), len(found), progress):
        if isinstance(got, UnreadableLog):
            logs.append(LogInfo(address, str(got)))
            continue
        log, table, names = got
        logs.append(log)
        parts.append(table)
        planned.update((log.task, log.task_version, log.model, *name) for name in names)
    reading = _assembled(parts, logs, frozenset(planned))
    if strict and reading.skipped:
        raise LogError("\n".join(f"{address}: {reason}" for address, reason in reading.skipped))
    return reading


def _assembled(parts: list[pa.Table], logs: list[LogInfo], planned: frozenset[PlannedEpisode]) -> LogReading:
    episodes, dropped = drop_duplicates(_frame(pa.concat_tables(parts) if parts else EPISODE_SCHEMA.empty_table()))
    kept = episodes["log"].value_counts()
    return LogReading(
        episodes=episodes,
        logs=tuple(replace(log, kept=int(kept.get(log.log, 0))) for log in logs),
        dropped=dropped,
        planned=planned,
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    whole = [name for name, kind in SETTING_COLUMNS.items() if kind != TEXT_KIND]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _without(frame: pd.DataFrame, gone: set[tuple[str, int]]) -> pd.DataFrame:
    left = [one not in gone for one in zip(frame["task"], frame["task_version"], strict=True)]
    return frame.loc[pd.Series(left, index=frame.index, dtype=bool)].reset_index(drop=True)


def _mixed(episodes: pd.DataFrame) -> Iterator[str]:
    """What differs between runs of one task, version and model."""
    names = {"settings": "settings", "datasets": "states of the data files", "suite": "versions of the suite"}
    for (task, version, model), rows in episodes.groupby(["task", "task_version", "model"]):
        for column, name in names.items():
            if (count := rows[column].nunique()) > 1:
                yield f"{task} (version {version}), {model}: {count} {name}"


def _each(found: list[str], folder: Path | None) -> Iterator[CachedLog | UnreadableLog]:
    """The logs in their order; distant ones are fetched several at a time."""

    def attempt(address: str) -> CachedLog | UnreadableLog:
        try:
            return read_cached_log(address, folder)
        except UnreadableLog as error:
            return error

    if all(map(is_local_log, found)):
        yield from map(attempt, found)
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(attempt, found)


_T = TypeVar("_T")


def _shown(each: Iterable[_T], number: int, progress: bool) -> Iterable[_T]:
    if not progress:
        return each
    from rich.console import Console
    from rich.progress import track

    return track(each, total=number, description="logs", console=Console(stderr=True), transient=True)
