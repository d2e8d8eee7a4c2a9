"""Whether logs stand under the predictions: each log carries the hash of every file of predictions that there was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspect_ai.log import list_eval_logs, read_eval_log

from advocate_evals.results.answers import Registration


@dataclass(frozen=True, slots=True)
class Marked:
    """How a log stands to the files of predictions."""

    log: str
    """Its address."""
    task: str
    """Its task."""
    model: str
    """Its subject."""
    created: str
    """When it was begun."""
    stands: Mapping[str, Registration]
    """For each file of predictions: whether the log carries its hash, another one, or none."""


def registration(carried: Mapping[str, str], name: str, wanted: str) -> Registration:
    """How a log that carries these hashes stands to a file of predictions.

    Args:
        carried: Hashes by file name, as the log has them; empty where it has none.
        name: Name of the file.
        wanted: The file's hash now.
    """
    if name not in carried:
        return "none"
    return "registered" if carried[name] == wanted else "differs"


def carried(text: object) -> dict[str, str]:
    """The hashes that a log carries, from the text or mapping that holds them; empty for anything else."""
    try:
        found = json.loads(text) if isinstance(text, str) and text else text
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}


def marked(place: str, hashes: Mapping[str, str]) -> Iterator[Marked]:
    """The logs at a place, by their headers alone.

    Args:
        place: A log, or a folder of logs; local or any address that Inspect reads.
        hashes: The hash of each file of predictions.

    Raises:
        FileNotFoundError: if there is no log.
    """
    places = [place] if place.endswith((".eval", ".json")) else [info.name for info in list_eval_logs(place)]
    if not places:
        raise FileNotFoundError(f"{place}: no log in this folder")
    for one in places:
        spec = read_eval_log(one, header_only=True).eval
        has = carried((spec.metadata or {}).get("predictions"))
        stands = {name: registration(has, name, wanted) for name, wanted in hashes.items()}
        yield Marked(one, spec.task.rpartition("/")[2], spec.model, spec.created, stands)
