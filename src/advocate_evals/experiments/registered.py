"""The suite's tasks as Inspect knows them, and whether a value fits a parameter of theirs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from inspect_ai import Task
from inspect_ai.util import registry_info
from pydantic import PydanticUserError, TypeAdapter, ValidationError

from advocate_evals.vocabulary import nearest

PACKAGE = "advocate_evals"


@cache
def tasks() -> Mapping[str, Callable[..., Task]]:
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
def signature(task: str) -> inspect.Signature:
    """What a task takes."""
    return inspect.signature(tasks()[task], eval_str=True)


def misnamed(task: str, name: str) -> str:
    """What is wrong with a parameter's name; empty where the task takes it."""
    known = signature(task).parameters
    return "" if name in known else f"{task} takes no such parameter{nearest(name, known)}"


def misfit(task: str, name: str, value: Any) -> str:
    """What is wrong with a value's type; empty where it fits. Levels are checked by building the task."""
    annotation = signature(task).parameters[name].annotation
    if annotation is inspect.Parameter.empty:
        return ""
    try:
        TypeAdapter(annotation).validate_python(value, strict=True)
    except ValidationError:
        return f"must be {inspect.formatannotation(annotation)}, not {value!r}"
    except PydanticUserError:
        return ""  # an annotation that cannot be checked from outside
    return ""


def taken(task: str, parameters: Mapping[str, Any], name: str) -> Any:
    """The value a parameter will have: as given, else the task's default; None where it takes no such parameter."""
    known = signature(task).parameters
    if name in parameters or name not in known:
        return parameters.get(name)
    return known[name].default
