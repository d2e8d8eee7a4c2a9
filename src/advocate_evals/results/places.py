"""Where logs lie: files, folders, patterns, on this machine or at any address that fsspec can open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import fsspec
from inspect_ai.log import list_eval_logs

_MAGIC = "*?["


def addresses(places: str | Path | Iterable[str | Path]) -> list[str]:
    """The logs at some places, each once, in the order of their addresses.

    Args:
        places: Log files, folders (with all folders in them), patterns such as `logs/*.eval`. Each may be a path or an
            address such as `s3://bucket/run`.

    Returns:
        Absolute paths of what lies on this machine, addresses of the rest.

    Raises:
        FileNotFoundError: for a place where there is nothing, or a folder without logs.
    """
    given = [places] if isinstance(places, str | Path) else list(places)
    found = {address for place in given for address in _at(str(place))}
    return sorted(found)


def newest(place: str) -> str:
    """The log at a place: the file itself, or the newest log of a folder, not of the folders in it.

    Raises:
        FileNotFoundError: if there is none.
    """
    system, path = fsspec.core.url_to_fs(place)
    if not system.isdir(path):
        return addresses(place)[-1]
    logs = list_eval_logs(place, recursive=False, descending=True)
    if not logs:
        raise FileNotFoundError(f"{place}: no log in this folder")
    return _plain(logs[0].name)


def is_local(address: str) -> bool:
    """Whether a log lies on this machine."""
    return "://" not in address


def _at(place: str) -> list[str]:
    system, path = fsspec.core.url_to_fs(place)
    if system.isdir(path):
        logs = [_plain(log.name) for log in list_eval_logs(place, recursive=True)]
        if not logs:
            raise FileNotFoundError(f"{place}: no log in this folder")
        return logs
    if system.exists(path):
        return [_plain(system.unstrip_protocol(path))]
    if any(sign in place for sign in _MAGIC):
        logs = [_plain(system.unstrip_protocol(match)) for match in system.glob(path) if not system.isdir(match)]
        if not logs:
            raise FileNotFoundError(f"{place}: nothing matches this pattern")
        return logs
    raise FileNotFoundError(f"{place}: no such log or folder of logs")


def _plain(address: str) -> str:
    """A path where the log lies on this machine, else its address."""
    return address.removeprefix("file://") if address.startswith("file://") else address
