"""Designs of whole experiments: the format of their files, the checks, and the plan of runs that one expands to."""

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
"""The one file of that folder that is no design: what an episode takes."""

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
    """Why the task is in the design; for readers."""
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
        duplicates = sorted(self.parameters.keys() & self.grid.keys())
        if duplicates:
            raise ValueError(f"{duplicates[0]!r} is set under parameters and under grid")
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
    """The seed of every task that takes one and does not set its own."""
    predictions: str = ""
    """Name of a file of `datasets/predictions/` that was registered beforehand; empty where there is none."""
    tasks: Annotated[tuple[DesignEntry, ...], Field(min_length=1)]
    """The tasks that are run, in this order."""
    models: tuple[DesignText, ...] = ()
    """The models under test, with Inspect's names; `--model` takes their place."""
    makers: dict[str, DesignText] = {}
    """By model, who made it, where its name does not say it: models of one maker count once when all are pooled."""
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


def find_design(design: str) -> Path:
    """The file of a design, by its path or, for those that come with the suite, by its name.

    Raises:
        DatasetError: if there is none.
    """
    if Path(design).is_file():
        return Path(design)
    if design in list_designs():
        return DESIGN_FOLDER / f"{design}.yaml"
    raise DatasetError(f"{design}: no such file, and no design of that name{suggest_nearest(design, list_designs())}")


# The suite's tasks as Inspect has them registered, and whether a value fits one of their parameters.


PACKAGE_NAME = "advocate_evals"


@cache
def registered_tasks() -> Mapping[str, Callable[..., Task]]:
    """Every registered task of the suite, by its name without the package."""
    from advocate_evals import _registry

    tasks = {name: member for member in vars(_registry).values() for name in _task_name(member)}
    return dict(sorted(tasks.items()))


def _task_name(member: Any) -> Iterator[str]:
    """The name of a member of the registry that is a task; nothing for any other."""
    try:
        info = registry_info(member)
    except ValueError:
        return  # not registered with Inspect
    if info.type == "task":
        yield info.name.rpartition("/")[2]


@cache
def task_signature(task: str) -> inspect.Signature:
    """The parameters of a task."""
    signature = inspect.signature(registered_tasks()[task], eval_str=True)
    by_name = [value for value in signature.parameters.values() if value.kind != inspect.Parameter.VAR_KEYWORD]
    return signature.replace(parameters=by_name)


def parameter_name_fault(task: str, name: str) -> str:
    """What is wrong with a parameter's name; empty where the task takes it."""
    signature = task_signature(task).parameters
    return "" if name in signature else f"{task} takes no such parameter{suggest_nearest(name, signature)}"


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
    """The value a parameter will have: as set, else the task's default; None where the task takes no such parameter."""
    signature = task_signature(task).parameters
    if name in parameters or name not in signature:
        return parameters.get(name)
    return signature[name].default


# A design checked and expanded: one run for every task and combination of its grid.


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: a task with its parameters."""

    place: str
    """Where it is defined: the file, and which task in it."""
    task: str
    parameters: Mapping[str, DesignScalar]

    def __str__(self) -> str:
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.task} ({parameters})" if parameters else self.task

    def build(self, variants: int | None = None) -> Task:
        """The task, ready to run.

        Args:
            variants: At most so many variants per family, for a quick check that every level exists.

        Raises:
            DatasetError: for a level that the task does not know, naming the place.
        """
        parameters = dict(self.parameters)
        planned_variants = parameter_value(self.task, parameters, "variants")
        if variants is not None and planned_variants is not None:
            parameters["variants"] = min(planned_variants, variants)
        try:
            return registered_tasks()[self.task](**parameters)
        except ValueError as error:
            raise DatasetError(f"{self.place}: {self}: {error}") from error


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A checked design with the models it is for."""

    path: Path
    design: RunDesign
    runs: tuple[PlannedRun, ...]
    models: tuple[str, ...]

    def build(self) -> list[Task]:
        """Every task in full. Takes some seconds for thousands of episodes.

        Raises:
            DatasetError: as for `PlannedRun.build`.
        """
        return [run.build() for run in self.runs]

    def log_metadata(self) -> dict[str, Any]:
        """Metadata of every log: the design and the predictions it belongs to."""
        metadata: dict[str, Any] = {"design": self.design.name, "design_hash": _hash_file(self.path)}
        if self.design.predictions:  # by name: the hash of every prediction file is in the log of each task anyway
            metadata |= {"design_predictions": self.design.predictions}
        if self.design.makers:
            metadata |= {"makers": dict(self.design.makers)}
        return metadata


def build_plan(path: Path, models: Sequence[str] = (), graders: Sequence[str] = ()) -> RunPlan:
    """Read a design, check it and expand it.

    Args:
        path: The file.
        models: Models under test, in place of the design's own.
        graders: Models in the role `grader`, in place of the design's own.

    Raises:
        DatasetError: naming file and place, for a fault of the format, or for a task, parameter, level or prediction
            file that does not exist.
    """
    design = read_record(path, RunDesign)
    if graders:
        design = design.model_copy(update={"roles": {**design.roles, "grader": tuple(graders)}})
    file = dataset_path(path)
    chosen = tuple(dict.fromkeys(models or design.models))
    _raise_faults(file, [*_design_faults(path, design, chosen)])
    runs = tuple(run for number, entry in enumerate(design.tasks) for run in _expand_entry(file, number, entry, design))
    _raise_faults(file, [*_duplicate_faults(runs)])
    _raise_faults(file, [*_level_faults(runs)])
    return RunPlan(path, design, runs, chosen)


def bind_roles(design: RunDesign) -> dict[str, str | list[str]]:
    """The models in other roles as Inspect takes them: a name, or a list where there are several."""
    by_role = {role: list(as_model_list(bound)) for role, bound in design.roles.items()}
    return {role: models[0] if len(models) == 1 else models for role, models in by_role.items()}


def as_model_list(bound: str | Sequence[str]) -> Sequence[str]:
    """The models of a role, one or several."""
    return [bound] if isinstance(bound, str) else bound


def _raise_faults(file: str, faults: Sequence[str]) -> None:
    if faults:
        raise DatasetError("\n".join([f"{file}: {len(faults)} errors", *(f"  {fault}" for fault in faults)]))


def _design_faults(path: Path, design: RunDesign, models: Sequence[str]) -> Iterator[str]:
    """Errors that show without building a task, each with its place."""
    if design.name != path.stem:
        yield f"name: {design.name!r} is not that of its file"
    if design.predictions:
        try:
            read_predictions(find_prediction_file(design.predictions))
        except DatasetError as error:
            yield f"predictions: {error}"
    placed_models = [("models", model) for model in models] + [("makers", model) for model in design.makers]
    placed_models += [
        (f"roles.{role}", model) for role, bound in bind_roles(design).items() for model in as_model_list(bound)
    ]
    for place, model in placed_models:
        if "/" not in model:
            yield f"{place}: {model!r} is not <provider>/<model>"
    if design.limits.cost_limit is not None:
        for model in models:
            if model not in design.prices:
                yield f"limits.cost_limit: no price for {model!r} under prices"
    for number, entry in enumerate(design.tasks):
        yield from (f"tasks[{number}]{fault}" for fault in _entry_faults(entry))


def _entry_faults(entry: DesignEntry) -> Iterator[str]:
    tasks = registered_tasks()
    if entry.task not in tasks:
        yield f".task: unknown task {entry.task!r}{suggest_nearest(entry.task, tasks)}"
        return
    for name, value in entry.parameters.items():
        yield from _parameter_faults(entry.task, "parameters", name, (value,))
    for name, levels in entry.grid.items():
        yield from _parameter_faults(entry.task, "grid", name, levels)


def _parameter_faults(task: str, part: str, name: str, levels: Sequence[DesignValue]) -> Iterator[str]:
    name_fault = parameter_name_fault(task, name)
    faults = [name_fault] if name_fault else [parameter_type_fault(task, name, _join_list(level)) for level in levels]
    yield from (f".{part}.{name}: {fault}" for fault in faults if fault)


def _expand_entry(file: str, number: int, entry: DesignEntry, design: RunDesign) -> Iterator[PlannedRun]:
    fixed = {name: _join_list(value) for name, value in entry.parameters.items()}
    if "seed" in task_signature(entry.task).parameters and "seed" not in entry.grid:
        fixed.setdefault("seed", design.seed)
    for levels in product(*entry.grid.values()):
        varied = {name: _join_list(level) for name, level in zip(entry.grid, levels, strict=True)}
        yield PlannedRun(f"{file}: tasks[{number}]", entry.task, fixed | varied)


def _join_list(value: DesignValue) -> DesignScalar:
    """A list as the command line would give it, so that a log is the same however its design was written."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _duplicate_faults(runs: Sequence[PlannedRun]) -> Iterator[str]:
    """Runs with the same task and parameters as an earlier one."""
    first_runs: dict[str, PlannedRun] = {}
    for run in runs:
        first = first_runs.setdefault(repr((run.task, sorted(run.parameters.items()))), run)
        if first is not run:
            yield f"{_entry_place(run)}: {run} is run twice (it is {_entry_place(first)} already)"


def _level_faults(runs: Sequence[PlannedRun]) -> Iterator[str]:
    """Levels that a task does not know, found by building it."""
    for run in runs:
        try:
            run.build(variants=1)
        except DatasetError as error:
            yield str(error).partition(": ")[2]


def _entry_place(run: PlannedRun) -> str:
    return run.place.rpartition(": ")[2]


def _hash_file(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=12).hexdigest()
