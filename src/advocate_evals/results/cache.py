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
from dataclasses import asdict, replace
from pathlib import Path

import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from advocate_evals.results.columns import COLUMNS, STATES
from advocate_evals.results.contents import Key, contents, digest
from advocate_evals.results.logs import Log, header_of, planned_ids
from advocate_evals.results.rows import SCHEMA, table

READER = 3
"""Raised whenever the same log would give another table."""
PLACE = "ADVOCATE_EVALS_CACHE"
"""Environment variable that names the folder."""
_ABOUT = b"advocate_evals"

Read = tuple[Log, pa.Table, list[Key]]
"""A log, its episodes, and those that it planned."""


def folder(given: bool | str | Path) -> Path | None:
    """Where tables are kept: the folder given, else the one that the environment names, else the usual one; none for False."""
    if given is False:
        return None
    if given is not True:
        return Path(given)
    return Path(os.environ.get(PLACE) or platformdirs.user_cache_path("advocate-evals") / "logs")


def read(address: str, kept: Path | None) -> Read:
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


def _fresh(address: str) -> Read:
    got = contents(address)
    log = header_of(address, got.header)
    rows = table(log, got)
    states = rows.column("state").to_pylist()
    log = replace(log, samples=len(states), states={state: states.count(state) for state in STATES})
    return log, rows, planned_ids(got.header)


def _key(address: str) -> str:
    shape = hashlib.sha256(json.dumps([READER, list(COLUMNS.items())]).encode()).hexdigest()[:8]
    return f"{digest(address)[:40]}-{shape}"


def _load(entry: Path, address: str) -> Read | None:
    try:
        rows = pq.read_table(entry)
        about = json.loads(rows.schema.metadata[_ABOUT])
        log = Log(**about["log"] | {"log": address})
        names = [(str(name), int(epoch)) for name, epoch in about["planned"]]
        rows = rows.set_column(0, "log", pa.array([address] * len(rows), pa.string())).cast(SCHEMA)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):  # missing, cut off, of another shape
        return None
    return log, rows, names


def _store(entry: Path, found: Read) -> None:
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
