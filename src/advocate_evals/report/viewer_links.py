"""Addresses at which Inspect's viewer opens a log or an episode."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

DEFAULT_VIEWER = "http://127.0.0.1:7575"
"""Where `inspect view` serves unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class LogViewer:
    """A running `inspect view`, or a site made by `inspect view bundle`."""

    base: str
    """Its address, absolute or relative to the page."""
    folder: str
    """The folder of logs that it shows."""

    def log(self, address: str) -> str:
        """Where it shows a log."""
        return f"{self.base.rstrip('/')}/#/logs/{quote(_path_within(address, self.folder), errors='replace')}"

    def episode(self, address: str, sample_id: str, epoch: int) -> str:
        """Where it shows an episode."""
        return f"{self.log(address)}/samples/sample/{quote(sample_id, safe='', errors='replace')}/{epoch}"


def build_viewer(logs: Iterable[str], base: str = DEFAULT_VIEWER, folder: str = "") -> LogViewer:
    """A viewer for logs.

    Args:
        logs: Addresses of the logs.
        base: Where the viewer or the bundle is.
        folder: The folder it shows; empty for the deepest one that holds all logs.
    """
    folders = [posixpath.dirname(_strip_file_protocol(log)) for log in logs]
    return LogViewer(base, _strip_file_protocol(folder).rstrip("/") if folder else _common_folder(folders))


def _common_folder(folders: list[str]) -> str:
    """The deepest folder that holds all; empty where there is none, as with several stores."""
    stores = {folder.rpartition("://")[0] for folder in folders}
    if len(stores) != 1:
        return ""
    store = f"{name}://" if (name := stores.pop()) else ""
    try:
        return store + posixpath.commonpath([folder.removeprefix(store) for folder in folders])
    except ValueError:  # absolute and relative ones
        return ""


def _strip_file_protocol(address: str) -> str:
    return address.removeprefix("file://")


def _path_within(address: str, folder: str) -> str:
    path = _strip_file_protocol(address)
    return path.removeprefix(folder).lstrip("/") if folder and path.startswith(folder + "/") else path.lstrip("/")
