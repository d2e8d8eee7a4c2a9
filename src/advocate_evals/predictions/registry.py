"""Files of predictions by name, checked, the hashes that a log carries of them, and what a headline is about.

The hash is that of the file's bytes: a comment that is changed changes it. Nobody then has to judge which change of a
registered text was harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from advocate_evals.factors import ARM_FACTORS, parse_arm
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import DatasetError, dataset_path, mechanism_names, read_record
from advocate_evals.scenarios.shared_schema import Key, Text

if TYPE_CHECKING:
    from advocate_evals.predictions.claims import PredictionFile


def prediction_folder() -> Path:
    """Where the predictions lie."""
    return dataset_reader.DATASETS / "predictions"


def list_prediction_files() -> tuple[str, ...]:
    """Names of all files of predictions, sorted."""
    return tuple(sorted(path.stem for path in prediction_folder().glob("*.yaml")))


def find_prediction_file(name: str) -> Path:
    """A file of predictions by name.

    Raises:
        DatasetError: if there is none of that name.
    """
    if name not in list_prediction_files():
        raise DatasetError(f"unknown predictions {name!r}{suggest_nearest(name, list_prediction_files())}")
    return prediction_folder() / f"{name}.yaml"


def read_predictions(path: Path) -> PredictionFile:
    """A file of predictions, every arm it names checked.

    Raises:
        DatasetError: if it is missing, against the schema, not called as it is named, or names an arm that cannot be.
    """
    from advocate_evals.predictions.claims import PredictionFile  # loads scipy, which the hashes below do not need

    file = read_record(path, PredictionFile)
    faults = [] if file.name == path.stem else [f"name {file.name!r} is not that of its file"]
    faults += [f"{claim.name}: {fault}" for claim, arm in file.named_arms() for fault in _find_arm_faults(arm)]
    if faults:
        raise DatasetError(
            "\n".join([f"{dataset_path(path)}: {len(faults)} errors", *(f"  {fault}" for fault in faults)])
        )
    return file


def _find_arm_faults(arm: str) -> Iterator[str]:
    """What is wrong with the name of an arm: `<mechanism>+<factor>=<level>…`, as episodes state it."""
    mechanism, settings = parse_arm(arm)
    levels = {"also": mechanism_names(), **ARM_FACTORS}
    if mechanism not in mechanism_names():
        yield f"arm {arm!r}: unknown mechanism {mechanism!r}{suggest_nearest(mechanism, mechanism_names())}"
    for factor, level in settings.items():
        if factor not in levels:
            yield f"arm {arm!r}: unknown factor {factor!r}{suggest_nearest(factor, levels)}"
        elif level not in levels[factor]:
            yield f"arm {arm!r}: {factor}: unknown level {level!r}{suggest_nearest(level, levels[factor])}"


def hash_prediction_file(path: Path) -> str:
    """The hash of a file of predictions: of its bytes."""
    return blake2b(path.read_bytes(), digest_size=12).hexdigest()


@cache
def hash_prediction_files() -> dict[str, str]:
    """The hash of every file of predictions, by name, as a log carries them."""
    return {name: hash_prediction_file(find_prediction_file(name)) for name in list_prediction_files()}


class HeadlineClaims(Record):
    """A main claim and the claim that tells an outlet from matched text."""

    main: Key
    """Name of the main claim."""
    control: Key
    """Name of the claim about the matched control."""
    across_plots: Key | None = None
    """Name of the same claim about plots like these; None where none was registered."""


class HeadlinePlan(Record):
    """`report/headline.yaml`: what a report's headline is about."""

    canary: Text
    """The canary string."""
    claims: Annotated[tuple[HeadlineClaims, ...], Field(min_length=1)]
    """Claims in order of preference: the first that some model decides, else the first that was tested."""
    ends: Annotated[tuple[Key, ...], Field(min_length=2, max_length=2)]
    """The arms without and with the strongest advocate, which the charts of awareness and mediation compare."""


@cache
def read_headline_plan() -> HeadlinePlan:
    """What a report's headline is about."""
    return read_record(dataset_reader.DATASETS / "report" / "headline.yaml", HeadlinePlan)
