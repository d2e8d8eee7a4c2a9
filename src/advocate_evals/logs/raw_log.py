"""Single logs: where they are, their headers and sample summaries, the run they describe, and their registration.

`.eval` logs are zip archives of JSON members; `header.json` and `summaries.json` are read straight from them, some
twenty times as fast as through Inspect's records. Logs in any other form are read by Inspect; both ways give the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, cast
from zipfile import BadZipFile, ZipFile

import fsspec
from inspect_ai.log import (
    EvalSample,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
    read_eval_log_samples,
)

from advocate_evals.logs.episode_columns import HARMLESS_GENERATION_OPTIONS, HARMLESS_RUN_OPTIONS
from advocate_evals.model_names import is_standin

HEADER_MEMBER, SUMMARIES_MEMBER = "header.json", "summaries.json"
_SAMPLE_MEMBER = re.compile(r"samples/(.+)_epoch_(\d+)(?:\.json|/sample\.json)")
_SKIPPED_FIELDS = {"messages", "events", "events_data", "store", "attachments", "output", "timelines"}

SampleKey = tuple[str, int]
"""Sample id as text, and epoch."""


class UnreadableLog(ValueError):
    """A file that is no log, or one that cannot be read; the message says why."""


# Header and summaries of a log.


@dataclass(frozen=True, slots=True)
class RawLog:
    """Header and summaries as JSON values, NaN where a figure is missing."""

    header: dict[str, Any]
    summaries: list[dict[str, Any]]
    invalid: dict[SampleKey, str] = field(default_factory=dict)
    """Samples that somebody invalidated, with the reason stated."""


def hash_log(address: str) -> str:
    """A digest of a log's content: of the checksums of an archive's members, or of all bytes of any other file.

    Raises:
        UnreadableLog: if it cannot be opened.
    """
    digest = hashlib.sha256()
    try:
        with open_log(address) as file:
            if is_zip_log(file):
                for member in ZipFile(file).infolist():
                    digest.update(f"{member.filename}\0{member.CRC}\0{member.file_size}\n".encode())
            else:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
    except (OSError, BadZipFile) as error:
        raise UnreadableLog(_describe_error(error)) from error
    return digest.hexdigest()


def read_raw_log(address: str) -> RawLog:
    """Read a log.

    Raises:
        UnreadableLog: for an empty file, an archive that was cut off, a file that is no log, or a log of a form that
            neither this reader nor Inspect knows.
    """
    try:
        with open_log(address) as file:
            header, rows, sample_keys = _read_archive(file) if is_zip_log(file) else (None, [], set())
        if header is None:
            header, rows = read_with_inspect(address)
        summarised = {_sample_key(row) for row in rows}
        rows += [_summarise(read_eval_log_sample(address, *key)) for key in sorted(sample_keys - summarised)]
        invalid = dict(_read_invalidations(address)) if header.get("invalidated") else {}
    except Exception as error:  # a file can be broken in more ways than there are classes of error
        raise UnreadableLog(_describe_error(error)) from error
    return RawLog(header, rows, invalid)


def read_with_inspect(address: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and summaries as Inspect's own records give them."""
    header = read_eval_log(address, header_only=True).model_dump(mode="json")
    return header, [summary.model_dump(mode="json") for summary in read_eval_log_sample_summaries(address)]


def open_log(address: str) -> IO[bytes]:
    """A log as bytes, from this machine or any address that fsspec opens."""
    return cast(IO[bytes], fsspec.open(address, "rb").open())


def is_zip_log(file: IO[bytes]) -> bool:
    """Whether a log is an archive of members.

    Raises:
        OSError: if it is empty.
    """
    start = file.read(4)
    file.seek(0)
    if not start:
        raise OSError("the file is empty")
    return start == b"PK\x03\x04"


def _read_archive(file: IO[bytes]) -> tuple[dict[str, Any] | None, list[dict[str, Any]], set[SampleKey]]:
    """Header, summaries, and the keys of all samples. The log of a run that did not end has no header to be read."""
    archive = ZipFile(file)
    names = set(archive.namelist())
    sample_keys = {(match[1], int(match[2])) for match in map(_SAMPLE_MEMBER.fullmatch, names) if match}
    if not {HEADER_MEMBER, SUMMARIES_MEMBER} <= names:
        return None, [], sample_keys
    rows = json.loads(archive.read(SUMMARIES_MEMBER))
    last = {_sample_key(row): row for row in rows}  # a later attempt at a sample replaces an earlier one
    return json.loads(archive.read(HEADER_MEMBER)), list(last.values()), sample_keys


def _sample_key(row: dict[str, Any]) -> SampleKey:
    return str(row["id"]), row["epoch"]


def _summarise(sample: EvalSample) -> dict[str, Any]:
    return sample.summary().model_dump(mode="json")


def _read_invalidations(address: str) -> Iterator[tuple[SampleKey, str]]:
    """Invalidated samples with their reasons, which only the samples themselves hold."""
    for sample in read_eval_log_samples(address, all_samples_required=False, exclude_fields=_SKIPPED_FIELDS):
        if sample.invalidation is not None:
            yield (str(sample.id), sample.epoch), sample.invalidation.reason or ""


def _describe_error(error: Exception) -> str:
    if isinstance(error, BadZipFile):
        return f"an archive that was cut off or damaged ({error})"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else 'no message'}"


# What a header says of the run.


@dataclass(frozen=True, slots=True)
class LogInfo:
    """A log, used or not."""

    log: str
    """Path or address."""
    problem: str = ""
    """Why it could not be used; empty where it was read."""
    status: str = ""
    """Inspect's status of the run: success, error, cancelled, started."""
    task: str = ""
    task_version: int = 0
    model: str = ""
    standin: bool = False
    """Whether the model under test is a script."""
    eval_id: str = ""
    settings: str = ""
    """Model arguments, generation options and limits that are not at their usual value, as JSON; empty for none."""
    suite: str = ""
    """Version of the suite."""
    datasets: str = ""
    """Digest of the data files."""
    predictions: str = ""
    """Hashes of the prediction files by name, as JSON; empty where the log holds none."""
    maker: str = ""
    """Who made the model under test, where the run's design says it; empty where it does not."""
    graders: str = ""
    """Models of the role `grader`, with commas between; empty for none."""
    judging: Mapping[str, float] | None = None
    """Metrics of graders, by scorer and name with a point between: their agreement, and calls and tokens they took."""
    created: str = ""
    """When the run was started."""
    planned: int = 0
    """Episodes that the run was to play; 0 where the log does not say."""
    samples: int = 0
    """Episodes that the log holds."""
    states: Mapping[str, int] | None = None
    """How many of them are in each state."""
    unique_samples: int = 0
    """Episodes that remain when copies and repeats are dropped."""


def read_log_info(address: str, header: Mapping[str, Any]) -> LogInfo:
    """What the header of a log says of the run.

    Raises:
        UnreadableLog: if it is no log of this suite.
    """
    spec = header["eval"]
    metadata = {**(spec.get("metadata") or {}), **(header.get("metadata") or {})}
    task = str(spec.get("task") or "").rpartition("/")[2]
    if "suite" not in metadata:
        raise UnreadableLog(f"no log of this suite: the metadata of task {spec.get('task')!r} names no suite")
    version = spec.get("task_version", 0)
    if not isinstance(version, int):
        raise UnreadableLog(f"the version of task {task!r} is {version!r}, not a whole number")
    return LogInfo(
        log=address,
        status=str(header.get("status") or "started"),
        task=task,
        task_version=version,
        model=str(spec["model"]),
        standin=is_standin(str(spec["model"])),
        eval_id=str(spec.get("eval_id") or ""),
        settings=_dump_json(_read_settings(header)),
        suite=str(metadata["suite"]),
        datasets=str(metadata.get("datasets") or ""),
        predictions=_dump_json(metadata.get("predictions") or {}),
        maker=str((metadata.get("makers") or {}).get(str(spec["model"])) or ""),
        graders=",".join(list_graders_of(spec)),
        judging=dict(_grader_metrics(header.get("results") or {})),
        created=str(spec.get("created") or ""),
        planned=_count_planned(header),
    )


def list_planned_samples(header: Mapping[str, Any]) -> list[SampleKey]:
    """Sample and epoch of every episode that the run was to play, as far as the header names them."""
    spec = header["eval"]
    epochs = spec.get("config", {}).get("epochs") or 1
    sample_ids = spec.get("dataset", {}).get("sample_ids") or []
    return [(str(sample_id), epoch) for sample_id in sample_ids for epoch in range(1, epochs + 1)]


def list_graders_of(spec: Mapping[str, Any]) -> list[str]:
    """The models of the role `grader`; none where nobody was bound to it."""
    bound = (spec.get("model_roles") or {}).get("grader") or []
    models = bound if isinstance(bound, list) else [bound]
    return [str(model["model"]) for model in models]


def _count_planned(header: Mapping[str, Any]) -> int:
    results = header.get("results") or {}
    return int(results.get("total_samples") or len(list_planned_samples(header)))


def _read_settings(header: Mapping[str, Any]) -> dict[str, Any]:
    """Whatever may have changed an episode and is not at its usual value; headers as a digest, since they may hold a
    key."""
    spec, plan = header["eval"], header.get("plan") or {}
    generation = {**(plan.get("config") or {}), **(spec.get("model_generate_config") or {})}
    run = spec.get("config") or {}
    settings = {name: value for name, value in generation.items() if name not in HARMLESS_GENERATION_OPTIONS}
    settings |= {name: value for name, value in run.items() if name not in HARMLESS_RUN_OPTIONS}
    if headers := settings.get("extra_headers"):
        settings["extra_headers"] = hashlib.sha256(_dump_json(headers).encode()).hexdigest()[:12]
    turn_limits = [(step.get("params") or {}).get("max_turns") for step in plan.get("steps") or []]
    settings |= {"max_turns": next((limit for limit in turn_limits if limit is not None), None)}
    settings |= {"args": spec.get("model_args") or None, "base_url": spec.get("model_base_url")}
    return {name: value for name, value in settings.items() if value is not None}


GRADED_SCORERS = ("actions", "judge")
"""Scorers for whose figures graders read whole episodes: what was written to others, and the whole record."""


def _grader_metrics(results: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The metrics about graders over all episodes, of scorers that asked some; those without a value are left out."""
    for score in results.get("scores") or []:
        scorer = str(score.get("scorer"))
        metrics = {
            name.rpartition("/")[2]: metric.get("value") for name, metric in (score.get("metrics") or {}).items()
        }
        if scorer == score.get("name") and scorer in GRADED_SCORERS and metrics.get("asked"):
            for name, value in metrics.items():
                if isinstance(value, (int, float)) and math.isfinite(value):
                    yield f"{scorer}.{name}", float(value)


def _dump_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""


# Where logs are: files, folders and patterns, on this machine or at any address that fsspec opens.


_PATTERN_SIGNS = "*?["


def find_logs(places: str | Path | Iterable[str | Path]) -> list[str]:
    """The logs at some places, each once, in the order of their addresses.

    Args:
        places: Log files, folders (with all folders in them), patterns such as `logs/*.eval`. Each may be a path or an
            address such as `s3://bucket/run`.

    Returns:
        Absolute paths of logs on this machine, addresses of all others.

    Raises:
        FileNotFoundError: for a place where there is nothing, or a folder without logs.
    """
    listed_places = [places] if isinstance(places, str | Path) else list(places)
    return sorted({address for place in listed_places for address in _find_logs_at(str(place))})


def newest_log(place: str) -> str:
    """The log at a place: the file itself, or the newest log of a folder, not of the folders in it.

    Raises:
        FileNotFoundError: if there is none.
    """
    system, path = fsspec.core.url_to_fs(place)
    if not system.isdir(path):
        return find_logs(place)[-1]
    logs = list_eval_logs(place, recursive=False, descending=True)
    if not logs:
        raise FileNotFoundError(f"{place}: no log in this folder")
    return _strip_file_scheme(logs[0].name)


def count_logs(place: str) -> int:
    """How many logs lie in a folder, those in the folders in it left out; 1 for a file."""
    system, path = fsspec.core.url_to_fs(place)
    return len(list_eval_logs(place, recursive=False)) if system.isdir(path) else 1


def is_local_log(address: str) -> bool:
    """Whether a log lies on this machine."""
    return "://" not in address


def log_folder(address: str) -> str:
    """The folder that a log lies in: a path on this machine, else an address."""
    return str(Path(address).parent) if is_local_log(address) else address.rpartition("/")[0]


def _find_logs_at(place: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(place)
    if system.isdir(path):
        logs = [_strip_file_scheme(log.name) for log in list_eval_logs(place, recursive=True)]
        if not logs:
            raise FileNotFoundError(f"{place}: no log in this folder")
        return logs
    if system.exists(path):
        return [_strip_file_scheme(system.unstrip_protocol(path))]
    if any(sign in place for sign in _PATTERN_SIGNS):
        matches = [match for match in system.glob(path) if not system.isdir(match)]
        if not matches:
            raise FileNotFoundError(f"{place}: nothing matches this pattern")
        return [_strip_file_scheme(system.unstrip_protocol(match)) for match in matches]
    raise FileNotFoundError(f"{place}: no such log or folder of logs")


def _strip_file_scheme(address: str) -> str:
    """A path where the log lies on this machine, else its address."""
    return address.removeprefix("file://")


# Registration: each log carries the hash of every prediction file that existed when it was begun.


RegistrationState = Literal["registered", "differs", "none"]
"""Whether a log carries a prediction file's hash, another hash for it, or none."""


@dataclass(frozen=True, slots=True)
class LogRegistration:
    """Which prediction files a log is registered under."""

    log: str
    """Its address."""
    task: str
    """Its task."""
    model: str
    """The model under test."""
    created: str
    """When it was begun."""
    states: Mapping[str, RegistrationState]
    """For each prediction file: whether the log carries its hash, another one, or none."""


def compare_hash(carried: Mapping[str, str], name: str, current_hash: str) -> RegistrationState:
    """Whether a log that carries these hashes is registered under a prediction file.

    Args:
        carried: Hashes by file name, as the log has them; empty where it has none.
        name: Name of the file.
        current_hash: The file's hash now.
    """
    if name not in carried:
        return "none"
    return "registered" if carried[name] == current_hash else "differs"


def read_carried_hashes(text: object) -> dict[str, str]:
    """The hashes that a log carries, from the text or mapping that holds them; empty for anything else."""
    try:
        hashes = json.loads(text) if isinstance(text, str) and text else text
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in hashes.items()} if isinstance(hashes, Mapping) else {}


def list_log_registrations(place: str, hashes: Mapping[str, str]) -> Iterator[LogRegistration]:
    """The logs at a place, by their headers alone.

    Args:
        place: A log, or a folder of logs; local or any address that Inspect reads.
        hashes: The current hash of each prediction file.

    Raises:
        FileNotFoundError: if there is no log.
    """
    addresses = [place] if place.endswith((".eval", ".json")) else [info.name for info in list_eval_logs(place)]
    if not addresses:
        raise FileNotFoundError(f"{place}: no log in this folder")
    for address in addresses:
        spec = read_eval_log(address, header_only=True).eval
        carried = read_carried_hashes((spec.metadata or {}).get("predictions"))
        states = {name: compare_hash(carried, name, current_hash) for name, current_hash in hashes.items()}
        yield LogRegistration(address, spec.task.rpartition("/")[2], spec.model, spec.created, states)
