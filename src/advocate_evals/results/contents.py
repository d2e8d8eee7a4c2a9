"""What a log holds, as far as the frame needs it: the header and the summaries of its samples.

`.eval` logs are zip archives of JSON members; `header.json` and `summaries.json` are read straight from them, some twenty
times as quick as by way of records. Whatever is built otherwise is read by Inspect; both give the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast
from zipfile import BadZipFile, ZipFile

import fsspec
from inspect_ai.log import (
    EvalSample,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
    read_eval_log_samples,
)

HEADER, SUMMARIES = "header.json", "summaries.json"
_MEMBER = re.compile(r"samples/(.+)_epoch_(\d+)(?:\.json|/sample\.json)")
_HEAVY = {"messages", "events", "events_data", "store", "attachments", "output", "timelines"}

Key = tuple[str, int]
"""Sample id as text, and epoch."""


class UnreadableLog(ValueError):
    """A file that is no log, or one that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Header and summaries as JSON values, NaN where a figure is missing."""

    header: dict[str, Any]
    summaries: list[dict[str, Any]]
    invalid: dict[Key, str] = field(default_factory=dict)
    """Samples that somebody invalidated, with the reason given."""


def digest(address: str) -> str:
    """A digest of what a log holds: of the checksums of an archive's members, or of all bytes of any other file.

    Raises:
        UnreadableLog: if it cannot be opened.
    """
    found = hashlib.sha256()
    try:
        with opened(address) as file:
            if is_archive(file):
                for member in ZipFile(file).infolist():
                    found.update(f"{member.filename}\0{member.CRC}\0{member.file_size}\n".encode())
            else:
                while chunk := file.read(1 << 20):
                    found.update(chunk)
    except (OSError, BadZipFile) as error:
        raise UnreadableLog(_reason(error)) from error
    return found.hexdigest()


def contents(address: str) -> Contents:
    """Read a log.

    Raises:
        UnreadableLog: for an empty file, an archive that was cut off, a file that is no log, or a log of a form that
            neither this reader nor Inspect knows.
    """
    try:
        with opened(address) as file:
            header, rows, members = _from_archive(file) if is_archive(file) else (None, [], set())
        if header is None:
            header, rows = by_inspect(address)
        there = {_key(row) for row in rows}
        rows += [_summary(read_eval_log_sample(address, *key)) for key in sorted(members - there)]
        invalid = dict(_invalid(address)) if header.get("invalidated") else {}
    except Exception as error:  # a file can be broken in more ways than there are classes of error
        raise UnreadableLog(_reason(error)) from error
    return Contents(header, rows, invalid)


def by_inspect(address: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and summaries by way of Inspect's own records."""
    header = read_eval_log(address, header_only=True).model_dump(mode="json")
    return header, [one.model_dump(mode="json") for one in read_eval_log_sample_summaries(address)]


def _from_archive(file: IO[bytes]) -> tuple[dict[str, Any] | None, list[dict[str, Any]], set[Key]]:
    """Header, summaries, and what samples there are. No header in the log of a run that did not end: Inspect reads those."""
    archive = ZipFile(file)
    names = set(archive.namelist())
    members = {(match[1], int(match[2])) for match in map(_MEMBER.fullmatch, names) if match}
    if not {HEADER, SUMMARIES} <= names:
        return None, [], members
    rows = json.loads(archive.read(SUMMARIES))
    last = {_key(row): row for row in rows}  # a later attempt at a sample replaces an earlier one
    return json.loads(archive.read(HEADER)), list(last.values()), members


def _key(row: dict[str, Any]) -> Key:
    return str(row["id"]), row["epoch"]


def _summary(sample: EvalSample) -> dict[str, Any]:
    return sample.summary().model_dump(mode="json")


def _invalid(address: str) -> Iterator[tuple[Key, str]]:
    """Invalidations stand in the samples alone."""
    for sample in read_eval_log_samples(address, all_samples_required=False, exclude_fields=_HEAVY):
        if sample.invalidation is not None:
            yield (str(sample.id), sample.epoch), sample.invalidation.reason or ""


def opened(address: str) -> IO[bytes]:
    """A log as bytes, wherever it lies."""
    return cast(IO[bytes], fsspec.open(address, "rb").open())


def is_archive(file: IO[bytes]) -> bool:
    """Whether a log is an archive of members.

    Raises:
        OSError: if it is empty.
    """
    start = file.read(4)
    file.seek(0)
    if not start:
        raise OSError("the file is empty")
    return start == b"PK\x03\x04"


def _reason(error: Exception) -> str:
    if isinstance(error, BadZipFile):
        return f"an archive that was cut off or damaged ({error})"
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else 'no message'}"
