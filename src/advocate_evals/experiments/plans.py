"""A design checked and expanded: one play for every task and combination of its grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Any

from inspect_ai import Task

from advocate_evals.catalogue import DatasetError, load
from advocate_evals.catalogue.predictions import prediction_file, read_predictions
from advocate_evals.experiments import registered
from advocate_evals.experiments.design import Design, Entry, Scalar, Value
from advocate_evals.vocabulary import nearest


@dataclass(frozen=True, slots=True)
class Play:
    """One run: a task with its parameters."""

    place: str
    """Where it stands: the file, and which task in it."""
    task: str
    parameters: Mapping[str, Scalar]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.task} ({given})" if given else self.task

    def build(self, variants: int | None = None) -> Task:
        """The task, ready to run.

        Args:
            variants: At most so many variants per family, to see quickly whether every level exists.

        Raises:
            DatasetError: for a level that the task does not know, naming the place.
        """
        parameters = dict(self.parameters)
        wanted = registered.taken(self.task, parameters, "variants")
        if variants is not None and wanted is not None:
            parameters["variants"] = min(wanted, variants)
        try:
            return registered.tasks()[self.task](**parameters)
        except ValueError as error:
            raise DatasetError(f"{self.place}: {self}: {error}") from error


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked design with the models it is for."""

    path: Path
    design: Design
    plays: tuple[Play, ...]
    models: tuple[str, ...]

    def build(self) -> list[Task]:
        """Every task in full. Takes some seconds for thousands of episodes.

        Raises:
            DatasetError: as for `Play.build`.
        """
        return [play.build() for play in self.plays]

    def marks(self) -> dict[str, Any]:
        """What every log carries, so that it can be told which design and which predictions it belongs to."""
        found = {"design": self.design.name, "design_hash": _hash(self.path)}
        if self.design.predictions:  # by name: the hash of every file of predictions is in the log of each task anyway
            found |= {"design_predictions": self.design.predictions}
        return found


def plan(path: Path, models: Sequence[str] = (), graders: Sequence[str] = ()) -> Plan:
    """Read a design, check it and expand it.

    Args:
        path: The file.
        models: Models under test, in place of the design's own.
        graders: Models in the role `grader`, in place of the design's own.

    Raises:
        DatasetError: naming file and place, for whatever breaks a rule: the format, a task, parameter or level that does
            not exist, predictions that are not there.
    """
    design = load.read(path, Design)
    if graders:
        design = design.model_copy(update={"roles": {**design.roles, "grader": tuple(graders)}})
    shown = load.shown(path)
    chosen = tuple(dict.fromkeys(models or design.models))
    _refuse(shown, [*_faults(path, design, chosen)])
    plays = tuple(play for number, entry in enumerate(design.tasks) for play in _plays(shown, number, entry, design))
    _refuse(shown, [*_twice(plays)])
    _refuse(shown, [*_levels(plays)])
    return Plan(path, design, plays, chosen)


def _refuse(shown: str, faults: Sequence[str]) -> None:
    if faults:
        raise DatasetError("\n".join([f"{shown}: {len(faults)} errors", *(f"  {fault}" for fault in faults)]))


def _faults(path: Path, design: Design, models: Sequence[str]) -> Iterator[str]:
    """What can be seen without building anything, each with its place."""
    if design.name != path.stem:
        yield f"name: {design.name!r} is not that of its file"
    if design.predictions:
        try:
            read_predictions(prediction_file(design.predictions))
        except DatasetError as error:
            yield f"predictions: {error}"
    named = [("models", model) for model in models]
    named += [(f"roles.{role}", model) for role, bound in roles(design).items() for model in several_of(bound)]
    for place, model in named:
        if "/" not in model:
            yield f"{place}: {model!r} is not <provider>/<model>"
    if design.limits.cost_limit is not None:
        for model in models:
            if model not in design.prices:
                yield f"limits.cost_limit: no price for {model!r} under prices"
    for number, entry in enumerate(design.tasks):
        yield from (f"tasks[{number}]{fault}" for fault in _entry_faults(entry))


def roles(design: Design) -> dict[str, str | list[str]]:
    """The models in other roles as Inspect takes them: one, or a list of several."""
    several = {role: list(several_of(bound)) for role, bound in design.roles.items()}
    return {role: models[0] if len(models) == 1 else models for role, models in several.items()}


def several_of(bound: str | Sequence[str]) -> Sequence[str]:
    """The models of a role, one or several."""
    return [bound] if isinstance(bound, str) else bound


def _entry_faults(entry: Entry) -> Iterator[str]:
    known = registered.tasks()
    if entry.task not in known:
        yield f".task: unknown task {entry.task!r}{nearest(entry.task, known)}"
        return
    for name, value in entry.parameters.items():
        yield from _parameter_faults(entry.task, "parameters", name, (value,))
    for name, levels in entry.grid.items():
        yield from _parameter_faults(entry.task, "grid", name, levels)


def _parameter_faults(task: str, part: str, name: str, levels: Sequence[Value]) -> Iterator[str]:
    why = registered.misnamed(task, name)
    faults = [why] if why else [registered.misfit(task, name, _joined(level)) for level in levels]
    yield from (f".{part}.{name}: {fault}" for fault in faults if fault)


def _plays(shown: str, number: int, entry: Entry, design: Design) -> Iterator[Play]:
    fixed = {name: _joined(value) for name, value in entry.parameters.items()}
    if "seed" in registered.signature(entry.task).parameters and "seed" not in entry.grid:
        fixed.setdefault("seed", design.seed)
    for levels in product(*entry.grid.values()):
        varied = {name: _joined(level) for name, level in zip(entry.grid, levels, strict=True)}
        yield Play(f"{shown}: tasks[{number}]", entry.task, fixed | varied)


def _joined(value: Value) -> Scalar:
    """A list as the command line would give it, so that a log is the same however its design was written."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _twice(plays: Sequence[Play]) -> Iterator[str]:
    seen: dict[str, Play] = {}
    for play in plays:
        first = seen.setdefault(repr((play.task, sorted(play.parameters.items()))), play)
        if first is not play:
            yield f"{_part(play)}: {play} is run twice (it is {_part(first)} already)"


def _levels(plays: Sequence[Play]) -> Iterator[str]:
    for play in plays:
        try:
            play.build(variants=1)
        except DatasetError as error:
            yield str(error).partition(": ")[2]


def _part(play: Play) -> str:
    return play.place.rpartition(": ")[2]


def _hash(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=12).hexdigest()
