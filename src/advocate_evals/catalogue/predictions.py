"""Predictions by name, checked, and the hashes by which logs are held against them.

The hash is that of the file's bytes: a comment that is changed changes it. Nobody then has to judge which change of a
registered text was harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

from advocate_evals.catalogue import load
from advocate_evals.catalogue.load import DatasetError
from advocate_evals.catalogue.schema import Predictions
from advocate_evals.vocabulary import TREATMENT, nearest


def folder() -> Path:
    """Where the predictions lie."""
    return load.DATASETS / "predictions"


def prediction_files() -> tuple[str, ...]:
    """Names of all files of predictions, sorted."""
    return tuple(sorted(path.stem for path in folder().glob("*.yaml")))


def prediction_file(name: str) -> Path:
    """A file of predictions by name.

    Raises:
        DatasetError: if there is none of that name.
    """
    if name not in prediction_files():
        raise DatasetError(f"unknown predictions {name!r}{nearest(name, prediction_files())}")
    return folder() / f"{name}.yaml"


def read_predictions(path: Path) -> Predictions:
    """A file of predictions, every arm it names checked.

    Raises:
        DatasetError: if it is missing, against the schema, not called as it is named, or names an arm that cannot be.
    """
    found = load.read(path, Predictions)
    faults = [] if found.name == path.stem else [f"name {found.name!r} is not that of its file"]
    faults += [f"{claim.name}: {fault}" for claim, arm in found.arms() for fault in _faults(arm)]
    if faults:
        raise DatasetError(
            "\n".join([f"{load.shown(path)}: {len(faults)} errors", *(f"  {fault}" for fault in faults)])
        )
    return found


def _faults(arm: str) -> Iterator[str]:
    """What is wrong with the name of an arm: `<mechanism>+<factor>=<level>…`, as episodes state it."""
    mechanism, *settings = arm.split("+")
    known = {"also": load.mechanism_names(), **TREATMENT}
    if mechanism not in load.mechanism_names():
        yield f"arm {arm!r}: unknown mechanism {mechanism!r}{nearest(mechanism, load.mechanism_names())}"
    for setting in settings:
        factor, _, level = setting.partition("=")
        if factor not in known:
            yield f"arm {arm!r}: unknown factor {factor!r}{nearest(factor, known)}"
        elif level not in known[factor]:
            yield f"arm {arm!r}: {factor}: unknown level {level!r}{nearest(level, known[factor])}"


def prediction_hash(path: Path) -> str:
    """The hash of a file of predictions: of its bytes."""
    return blake2b(path.read_bytes(), digest_size=12).hexdigest()


@cache
def prediction_hashes() -> dict[str, str]:
    """The hash of every file of predictions, by name, as a log carries them."""
    return {name: prediction_hash(prediction_file(name)) for name in prediction_files()}
