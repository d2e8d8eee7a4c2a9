"""What a file of `experiments/` may say, and where such files lie."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from inspect_ai import Task
from inspect_ai.util import registry_info
from pydantic import Field, PydanticUserError, TypeAdapter, ValidationError, field_validator, model_validator

from advocate_evals.predictions.registry import find_prediction_file, read_predictions
from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.dataset_reader import DatasetError, dataset_path, read_record

DESIGN_FOLDER = Path(__file__).resolve().parent / "designs"
"""The designs that come with the suite: a link in a checkout, a folder in an installed wheel."""
MEASURED_FILE = "measured"
"""The one file there that is no design: what an episode costs."""

DesignScalar = bool | int | float | str
DesignValue = DesignScalar | Annotated[tuple[DesignScalar, ...], Field(min_length=1)]
"""A level of a parameter; a list is the same as its members with commas between."""
DesignText = Annotated[str, Field(min_length=1)]
DesignCount = Annotated[int, Field(ge=1)]
Dollars = Annotated[float, Field(ge=0)]


class DesignEntry(Record):
    """A task with its parameters; with a grid, one run for every combination of its levels."""

    task: DesignText
    """Name of a task of this suite, such as `death_ground`."""
    why: str = ""
    """What it is there for; for readers."""
    parameters: dict[str, DesignValue] = {}
    """Parameters of the task; those not named keep the task's default."""
    grid: dict[str, Annotated[tuple[DesignValue, ...], Field(min_length=1)]] = {}
    """Parameters with several levels each, crossed. Each combination is a run, and a log, of its own."""

    @field_validator("grid")
    @classmethod
    def _each_level_once(cls, grid: dict[str, tuple[DesignValue, ...]]) -> dict[str, tuple[DesignValue, ...]]:
        for name, levels in grid.items():
            if len(set(map(repr, levels))) < len(levels):
                raise ValueError(f"{name}: a level given twice")
        return grid

    @model_validator(mode="after")
    def _one_place_for_each_parameter(self) -> DesignEntry:
        both = sorted(self.parameters.keys() & self.grid.keys())
        if both:
            raise ValueError(f"{both[0]!r} stands under parameters and under grid")
        return self


class RunLimits(Record):
    """Limits and effort, with Inspect's own names and meanings."""

    token_limit: DesignCount | str | None = None
    """Tokens of an episode; a number, or a text such as `output:500k`."""
    message_limit: DesignCount | None = None
    """Messages of an episode."""
    turn_limit: DesignCount | None = None
    """Model turns of an episode."""
    time_limit: DesignCount | None = None
    """Seconds of an episode by the clock."""
    working_limit: DesignCount | None = None
    """Seconds of an episode without waiting for retries and shared resources."""
    cost_limit: Annotated[float, Field(gt=0)] | None = None
    """US dollars of an episode; needs a price for every model."""
    max_samples: DesignCount | None = None
    """Episodes side by side."""
    max_connections: DesignCount | None = None
    """Calls side by side to one model."""
    max_tasks: DesignCount | None = None
    """Runs side by side."""
    retry_attempts: Annotated[int, Field(ge=0)] | None = None
    """How often a run that failed is tried again."""


class ModelPrice(Record):
    """What a model costs, in US dollars per million tokens."""

    input: Dollars
    """Per million tokens that it reads."""
    output: Dollars
    """Per million tokens that it writes, its reasoning included."""
    input_cache_read: Dollars | None = None
    """Per million tokens read from the provider's cache; as `input` where it is not given."""
    input_cache_write: Dollars | None = None
    """Per million tokens written to it; as `input` where it is not given."""
    as_of: datetime.date
    """The day on which the price was looked up."""


class RunDesign(Record):
    """A whole design: which tasks, at which levels, on which models, within which limits."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    """Name, equal to that of its file."""
    title: DesignText
    """A title for people."""
    summary: DesignText
    """What it is for and why it is of this size."""
    seed: int | str = 0
    """The seed of every task that takes one and is not given another."""
    predictions: str = ""
    """Name of a file of `datasets/predictions/` that was registered before; empty where there is none."""
    tasks: Annotated[tuple[DesignEntry, ...], Field(min_length=1)]
    """What is run, in this order."""
    models: tuple[DesignText, ...] = ()
    """The models under test, with Inspect's names; `--model` takes their place."""
    roles: dict[str, DesignText | Annotated[tuple[DesignText, ...], Field(min_length=1)]] = {}
    """Models in other roles, such as `grader`, which may be several; `--grader` takes the place of that one."""
    limits: RunLimits = RunLimits()
    """Limits of every run."""
    epochs: DesignCount = 1
    """How often each episode is played. More variants tell more than more epochs."""
    prices: dict[str, ModelPrice] = {}
    """Prices by model, for the estimate and for `cost_limit`."""


def list_designs() -> tuple[str, ...]:
    """Names of the designs that come with the suite, sorted."""
    return tuple(sorted(path.stem for path in DESIGN_FOLDER.glob("*.yaml") if path.stem != MEASURED_FILE))


def find_design(given: str) -> Path:
    """The file of a design, by its path or, for those that come with the suite, by its name.

    Raises:
        DatasetError: if there is none.
    """
    if Path(given).is_file():
        return Path(given)
    if given in list_designs():
        return DESIGN_FOLDER / f"{given}.yaml"
    raise DatasetError(f"{given}: no such file, and no design of that name{suggest_nearest(given, list_designs())}")


# --- The suite's tasks as Inspect knows them, and whether a value fits a parameter of theirs. ---


PACKAGE_NAME = "advocate_evals"


@cache
def registered_tasks() -> Mapping[str, Callable[..., Task]]:
    """Every registered task of the suite, by its name without the package."""
    from advocate_evals import _registry

    found = {name: made for made in vars(_registry).values() for name in _names(made)}
    return dict(sorted(found.items()))


def _names(made: Any) -> Iterator[str]:
    try:
        info = registry_info(made)
    except ValueError:
        return  # nothing that Inspect registered
    if info.type == "task":
        yield info.name.rpartition("/")[2]


@cache
def task_signature(task: str) -> inspect.Signature:
    """What a task takes."""
    return inspect.signature(registered_tasks()[task], eval_str=True)


def parameter_name_fault(task: str, name: str) -> str:
    """What is wrong with a parameter's name; empty where the task takes it."""
    known = task_signature(task).parameters
    return "" if name in known else f"{task} takes no such parameter{suggest_nearest(name, known)}"


def parameter_type_fault(task: str, name: str, value: Any) -> str:
    """What is wrong with a value's type; empty where it fits. Levels are checked by building the task."""
    annotation = task_signature(task).parameters[name].annotation
    if annotation is inspect.Parameter.empty:
        return ""
    try:
        TypeAdapter(annotation).validate_python(value, strict=True)
    except ValidationError:
        return f"must be {inspect.formatannotation(annotation)}, not {value!r}"
    except PydanticUserError:
        return ""  # an annotation that cannot be checked from outside
    return ""


def parameter_value(task: str, parameters: Mapping[str, Any], name: str) -> Any:
    """The value a parameter will have: as given, else the task's default; None where it takes no such parameter."""
    known = task_signature(task).parameters
    if name in parameters or name not in known:
        return parameters.get(name)
    return known[name].default


# --- A design checked and expanded: one play for every task and combination of its grid. ---


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: a task with its parameters."""

    place: str
    """Where it stands: the file, and which task in it."""
    task: str
    parameters: Mapping[str, DesignScalar]

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
        wanted = parameter_value(self.task, parameters, "variants")
        if variants is not None and wanted is not None:
            parameters["variants"] = min(wanted, variants)
        try:
            return registered_tasks()[self.task](**parameters)
        except ValueError as error:
            raise DatasetError(f"{self.place}: {self}: {error}") from error


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A checked design with the models it is for."""

    path: Path
    design: RunDesign
    plays: tuple[PlannedRun, ...]
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


def build_plan(path: Path, models: Sequence[str] = (), graders: Sequence[str] = ()) -> RunPlan:
    """Read a design, check it and expand it.

    Args:
        path: The file.
        models: Models under test, in place of the design's own.
        graders: Models in the role `grader`, in place of the design's own.

    Raises:
        DatasetError: naming file and place, for whatever breaks a rule: the format, a task, parameter or level that does
            not exist, predictions that are not there.
    """
    design = read_record(path, RunDesign)
    if graders:
        design = design.model_copy(update={"roles": {**design.roles, "grader": tuple(graders)}})
    shown = dataset_path(path)
    chosen = tuple(dict.fromkeys(models or design.models))
    _refuse(shown, [*_faults(path, design, chosen)])
    plays = tuple(play for number, entry in enumerate(design.tasks) for play in _plays(shown, number, entry, design))
    _refuse(shown, [*_twice(plays)])
    _refuse(shown, [*_levels(plays)])
    return RunPlan(path, design, plays, chosen)


def _refuse(shown: str, faults: Sequence[str]) -> None:
    if faults:
        raise DatasetError("\n".join([f"{shown}: {len(faults)} errors", *(f"  {fault}" for fault in faults)]))


def _faults(path: Path, design: RunDesign, models: Sequence[str]) -> Iterator[str]:
    """What can be seen without building anything, each with its place."""
    if design.name != path.stem:
        yield f"name: {design.name!r} is not that of its file"
    if design.predictions:
        try:
            read_predictions(find_prediction_file(design.predictions))
        except DatasetError as error:
            yield f"predictions: {error}"
    named = [("models", model) for model in models]
    named += [(f"roles.{role}", model) for role, bound in bind_roles(design).items() for model in as_model_list(bound)]
    for place, model in named:
        if "/" not in model:
            yield f"{place}: {model!r} is not <provider>/<model>"
    if design.limits.cost_limit is not None:
        for model in models:
            if model not in design.prices:
                yield f"limits.cost_limit: no price for {model!r} under prices"
    for number, entry in enumerate(design.tasks):
        yield from (f"tasks[{number}]{fault}" for fault in _entry_faults(entry))


def bind_roles(design: RunDesign) -> dict[str, str | list[str]]:
    """The models in other roles as Inspect takes them: one, or a list of several."""
    several = {role: list(as_model_list(bound)) for role, bound in design.roles.items()}
    return {role: models[0] if len(models) == 1 else models for role, models in several.items()}


def as_model_list(bound: str | Sequence[str]) -> Sequence[str]:
    """The models of a role, one or several."""
    return [bound] if isinstance(bound, str) else bound


def _entry_faults(entry: DesignEntry) -> Iterator[str]:
    known = registered_tasks()
    if entry.task not in known:
        yield f".task: unknown task {entry.task!r}{suggest_nearest(entry.task, known)}"
        return
    for name, value in entry.parameters.items():
        yield from _parameter_faults(entry.task, "parameters", name, (value,))
    for name, levels in entry.grid.items():
        yield from _parameter_faults(entry.task, "grid", name, levels)


def _parameter_faults(task: str, part: str, name: str, levels: Sequence[DesignValue]) -> Iterator[str]:
    why = parameter_name_fault(task, name)
    faults = [why] if why else [parameter_type_fault(task, name, _joined(level)) for level in levels]
    yield from (f".{part}.{name}: {fault}" for fault in faults if fault)


def _plays(shown: str, number: int, entry: DesignEntry, design: RunDesign) -> Iterator[PlannedRun]:
    fixed = {name: _joined(value) for name, value in entry.parameters.items()}
    if "seed" in task_signature(entry.task).parameters and "seed" not in entry.grid:
        fixed.setdefault("seed", design.seed)
    for levels in product(*entry.grid.values()):
        varied = {name: _joined(level) for name, level in zip(entry.grid, levels, strict=True)}
        yield PlannedRun(f"{shown}: tasks[{number}]", entry.task, fixed | varied)


def _joined(value: DesignValue) -> DesignScalar:
    """A list as the command line would give it, so that a log is the same however its design was written."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _twice(plays: Sequence[PlannedRun]) -> Iterator[str]:
    seen: dict[str, PlannedRun] = {}
    for play in plays:
        first = seen.setdefault(repr((play.task, sorted(play.parameters.items()))), play)
        if first is not play:
            yield f"{_part(play)}: {play} is run twice (it is {_part(first)} already)"


def _levels(plays: Sequence[PlannedRun]) -> Iterator[str]:
    for play in plays:
        try:
            play.build(variants=1)
        except DatasetError as error:
            yield str(error).partition(": ")[2]


def _part(play: PlannedRun) -> str:
    return play.place.rpartition(": ")[2]


def _hash(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=12).hexdigest()
