"""The table of episodes, one row each, read from logs: the starting point of everything that is said of results.

The table of a log that was read before is kept as a parquet file under a digest of the log's content. An entry names
neither its log nor when it was written: the same content gives the same entry wherever it lies. A faulty entry is made
again. The folder can be deleted at any time.
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
from advocate_evals.records import suggest_nearest

READER_VERSION = 5
"""Raised whenever the same log would give another table."""
CACHE_VARIABLE = "ADVOCATE_EVALS_CACHE"
"""Environment variable that names the folder of the cache."""

CachedLog = tuple[LogInfo, pa.Table, list[SampleKey]]
"""A log, its episodes, and those that it planned."""
PlannedEpisode = tuple[str, int, str, str, int]
PLANNED_KEYS = ("task", "task_version", "model", "sample_id", "epoch")
"""What names an episode before it is played."""

_METADATA_KEY = b"advocate_evals"
_PARALLEL_READS = 8
"""Distant logs that are fetched at the same time."""

_COUNT_NOTES = {
    "unscored": "episodes were not scored",
    "error": "episodes ended in an error",
    "cancelled": "episodes were cut off",
    "invalidated": "episodes were invalidated",
    "not_finished": "planned episodes are in no log",
    "retried": "episodes were played again after an error",
    "copies": "copies of episodes were left out",
    "repeats": "repeats of episodes were left out",
}
_DUPLICATE_TEXTS = {"copy": "are copies (the same uuid) of those of", "repeat": "were played once more in"}
DUPLICATE_RULE = (
    "of several copies or repeats of an episode one was kept: scored before unscored, then with more scorers run, then "
    "of the log begun last, then completed last; never by an outcome; where one copy is invalidated, that one"
)
"""Which of several copies or repeats of an episode is kept, as `drop_duplicates` chooses."""


class ConflictError(ValueError):
    """Episodes that must not be pooled; the message names what has to be chosen."""


class LogError(ValueError):
    """Logs that a strict reading refuses; the message names each with its reason."""


@dataclass(frozen=True, slots=True)
class VersionConflict:
    """Several versions of one task, between which a measured number has changed."""

    task: str
    versions: Mapping[int, int]
    """Episodes by version."""

    def __str__(self) -> str:
        counts = ", ".join(f"version {version} ({count} episodes)" for version, count in self.versions.items())
        return f"{self.task}: {counts}"


@dataclass(frozen=True, slots=True)
class LogReading:
    """The episodes of logs, and for each log whether it was used."""

    episodes: pd.DataFrame
    """One row per episode, without copies and repeats, in the columns `EPISODE_COLUMNS`, ordered by log as they were
    played."""
    logs: tuple[LogInfo, ...]
    """Every log at the places, read or not."""
    dropped: pd.DataFrame
    """Copies and repeats, each with the row that was kept in its place."""
    planned: frozenset[PlannedEpisode]
    """Every episode that a log named beforehand."""

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of logs and episodes.

        Keys: `logs`, `skipped` (logs), `episodes` (kept), each of `EPISODE_STATES`, `copies` and `repeats` (dropped),
        `retried` (kept ones that were played again after an error), `not_finished` (planned, but in no log).
        """
        states = self.episodes["state"].value_counts()
        dropped = self.dropped["why"].value_counts()
        present = set(zip(*(self.episodes[name] for name in PLANNED_KEYS), strict=True))
        return {
            "logs": sum(not log.problem for log in self.logs),
            "skipped": len(self.skipped),
            "episodes": len(self.episodes),
            **{state: int(states.get(state, 0)) for state in EPISODE_STATES},
            "copies": int(dropped.get("copy", 0)),
            "repeats": int(dropped.get("repeat", 0)),
            "retried": int((self.episodes["retries"] > 0).sum()),
            "not_finished": len(self.planned - present),
        }

    @property
    def mixed(self) -> tuple[str, ...]:
        """Sentences: where one task, version and model were run with several settings, data sets or suite versions."""
        return tuple(_mixture_sentences(self.episodes))

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Sentences: of which logs episodes were dropped, in which logs stand those kept, and by what rule."""
        if not len(self.dropped):
            return ()
        groups = self.dropped.groupby(["log", "kept_log", "why"], sort=True).size()
        sentences = [
            f"{count} episodes of {log} {_DUPLICATE_TEXTS[str(why)]} {kept_log}, which were kept"
            for (log, kept_log, why), count in groups.items()
        ]
        return (*sentences, DUPLICATE_RULE)

    @property
    def makers(self) -> dict[str, str]:
        """Makers by model, as the newest log that names one says; models of which no log does are not in it."""
        by_age = sorted((log for log in self.logs if log.maker), key=lambda log: (log.created, log.log))
        return {log.model: log.maker for log in by_age}

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """Address and reason of each log that could not be used."""
        return tuple((log.log, log.problem) for log in self.logs if log.problem)

    @property
    def conflicts(self) -> tuple[VersionConflict, ...]:
        """Tasks of which several versions were read."""
        sizes = self.episodes.groupby(["task", "task_version"]).size()
        by_task = {task: dict(sizes[task]) for task in sizes.index.unique("task")}
        return tuple(
            VersionConflict(str(task), {int(version): int(count) for version, count in counts.items()})
            for task, counts in by_task.items()
            if len(counts) > 1
        )

    def notes(self) -> Iterator[str]:
        """What a reader of the figures should know of the logs, a line each; nothing where there is nothing to say."""
        counts = self.counts
        yield from (f"skipped: {address}: {reason}" for address, reason in self.skipped)
        yield from (f"not to be pooled: {conflict}" for conflict in self.conflicts)
        yield from (f"mixed: {line}" for line in self.mixed)
        for name, note in _COUNT_NOTES.items():
            if counts[name]:
                yield f"{counts[name]} {note}"

    def select_versions(self, versions: int | Mapping[str, int]) -> LogReading:
        """The reading with one version of each task; tasks that are not named, or have one version only, stay.

        Args:
            versions: The version of every task that has several, or of each by its name.

        Raises:
            ConflictError: if no episode of a chosen version was read.
        """
        excluded: set[tuple[str, int]] = set()
        for conflict in self.conflicts:
            chosen = versions if isinstance(versions, int) else versions.get(conflict.task)
            if chosen is not None and chosen not in conflict.versions:
                raise ConflictError(f"no version {chosen} of {conflict}")
            excluded |= {(conflict.task, version) for version in conflict.versions if chosen not in (None, version)}
        return replace(
            self,
            episodes=_exclude_versions(self.episodes, excluded),
            dropped=_exclude_versions(self.dropped, excluded),
            planned=frozenset(episode for episode in self.planned if episode[:2] not in excluded),
        )

    def with_makers(self, makers: Mapping[str, str]) -> LogReading:
        """The reading with makers of models in place of those that logs name.

        Raises:
            LogError: for a model that no log has.
        """
        models = {log.model for log in self.logs if log.model}
        for model in makers:
            if model not in models:
                raise LogError(f"makers: no log has the model {model!r}{suggest_nearest(model, sorted(models))}")
        logs = tuple(replace(log, maker=makers.get(log.model, log.maker)) for log in self.logs)
        return replace(self, logs=logs)

    def pooled(self) -> pd.DataFrame:
        """The episodes, where nothing forbids pooling them.

        Raises:
            ConflictError: if several versions of a task were read.
        """
        if self.conflicts:
            raise ConflictError(
                "versions of a task cannot be pooled, read the logs of one version only: "
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
    addresses = find_logs(places)
    results = zip(addresses, _read_each(addresses, cache_folder(cache)), strict=True)
    tables: list[pa.Table] = []
    logs: list[LogInfo] = []
    planned: set[PlannedEpisode] = set()
    for address, result in _track_progress(results, len(addresses), progress):
        if isinstance(result, UnreadableLog):
            logs.append(LogInfo(address, str(result)))
            continue
        log, table, sample_keys = result
        logs.append(log)
        tables.append(table)
        planned.update((log.task, log.task_version, log.model, *key) for key in sample_keys)
    reading = _assemble_reading(tables, logs, frozenset(planned))
    if strict and reading.skipped:
        raise LogError("\n".join(f"{address}: {reason}" for address, reason in reading.skipped))
    return reading


_Item = TypeVar("_Item")


def _track_progress(items: Iterable[_Item], count: int, progress: bool) -> Iterable[_Item]:
    if not progress:
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, total=count, description="logs", console=Console(stderr=True), transient=True)


def _read_each(addresses: list[str], folder: Path | None) -> Iterator[CachedLog | UnreadableLog]:
    """The logs in their order; distant ones are fetched several at a time."""

    def attempt(address: str) -> CachedLog | UnreadableLog:
        try:
            return read_cached_log(address, folder)
        except UnreadableLog as error:
            return error
        except Exception as error:  # a log may hold what no reader foresaw, and must not end the reading of the others
            return UnreadableLog(f"cannot be read as a log of this suite: {type(error).__name__}: {error}")

    if all(map(is_local_log, addresses)):
        yield from map(attempt, addresses)
    else:
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            yield from pool.map(attempt, addresses)


def _assemble_reading(tables: list[pa.Table], logs: list[LogInfo], planned: frozenset[PlannedEpisode]) -> LogReading:
    table = pa.concat_tables(tables) if tables else EPISODE_SCHEMA.empty_table()
    episodes, dropped = drop_duplicates(_as_frame(table))
    sizes = episodes["log"].value_counts()
    return LogReading(
        episodes=episodes,
        logs=tuple(replace(log, unique_samples=int(sizes.get(log.log, 0))) for log in logs),
        dropped=dropped,
        planned=planned,
    )


def _as_frame(table: pa.Table) -> pd.DataFrame:
    integer_columns = [name for name, kind in SETTING_COLUMNS.items() if kind != TEXT_KIND]
    return table.to_pandas().astype(dict.fromkeys(integer_columns, "Int64"))


def _exclude_versions(frame: pd.DataFrame, excluded: set[tuple[str, int]]) -> pd.DataFrame:
    included = [version not in excluded for version in zip(frame["task"], frame["task_version"], strict=True)]
    return frame.loc[pd.Series(included, index=frame.index, dtype=bool)].reset_index(drop=True)


def _mixture_sentences(episodes: pd.DataFrame) -> Iterator[str]:
    """What differs between runs of one task, version and model."""
    names = {"settings": "settings", "datasets": "states of the data files", "suite": "versions of the suite"}
    for (task, version, model), rows in episodes.groupby(["task", "task_version", "model"]):
        for column, name in names.items():
            if (count := rows[column].nunique()) > 1:
                yield f"{task} (version {version}), {model}: {count} {name}"


# The cache: one parquet file for each content of a log.


def cache_folder(cache: bool | str | Path) -> Path | None:
    """Where tables are kept: the folder named; for True that of the environment, else the usual one; None for False."""
    if cache is False:
        return None
    if cache is not True:
        return Path(cache)
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("advocate-evals") / "logs")


def read_cached_log(address: str, folder: Path | None) -> CachedLog:
    """A log, from its entry in a cache folder if there is one.

    Raises:
        UnreadableLog: if the log cannot be used.
    """
    entry = folder / f"{_cache_key(address)}.parquet" if folder else None
    cached_log = _load_entry(entry, address) if entry else None
    if cached_log is None:
        cached_log = _read_fresh(address)
        if entry and cached_log[0].status != "started":  # the content of a log that is still being written will change
            _store_entry(entry, cached_log)
    return cached_log


def _read_fresh(address: str) -> CachedLog:
    raw_log = read_raw_log(address)
    log = read_log_info(address, raw_log.header)
    rows = build_episode_rows(log, raw_log)
    states = rows.column("state").to_pylist()
    log = replace(log, samples=len(states), states={state: states.count(state) for state in EPISODE_STATES})
    return log, rows, list_planned_samples(raw_log.header)


def _cache_key(address: str) -> str:
    shape = hashlib.sha256(json.dumps([READER_VERSION, list(EPISODE_COLUMNS.items())]).encode()).hexdigest()[:8]
    return f"{hash_log(address)[:40]}-{shape}"


def _load_entry(entry: Path, address: str) -> CachedLog | None:
    try:
        rows = pq.read_table(entry)
        metadata = json.loads(rows.schema.metadata[_METADATA_KEY])
        log = LogInfo(**metadata["log"] | {"log": address})
        sample_keys = [(str(name), int(epoch)) for name, epoch in metadata["planned"]]
        rows = rows.set_column(0, "log", pa.array([address] * len(rows), pa.string())).cast(EPISODE_SCHEMA)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):  # missing, cut off, of another shape
        return None
    return log, rows, sample_keys


def _store_entry(entry: Path, cached_log: CachedLog) -> None:
    """Write an entry in one step. A folder that cannot be written to is no error: the next reading takes longer."""
    log, rows, sample_keys = cached_log
    metadata = json.dumps({"log": asdict(log) | {"log": ""}, "planned": sample_keys}).encode()
    blank = rows.set_column(0, "log", pa.array([""] * len(rows), pa.string()))
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent, suffix=".part")
        os.close(handle)
        try:
            pq.write_table(blank.replace_schema_metadata({_METADATA_KEY: metadata}), name, compression="zstd")
            os.replace(name, entry)
        finally:
            Path(name).unlink(missing_ok=True)
