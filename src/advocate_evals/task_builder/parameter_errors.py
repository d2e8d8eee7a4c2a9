"""Errors of task parameters, as one line on the command line and as a ValueError in Python.

Inspect prints whatever a task raises with its traceback, unless its command line, which is made with click, knows the
exception as one of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

import click

from advocate_evals.records import suggest_nearest

_Built = TypeVar("_Built")


class ParameterError(click.ClickException, ValueError):
    """A parameter of a task or solver that cannot be used; the message names value, rule and nearest valid name."""

    def __str__(self) -> str:
        return self.message


def report_parameter_errors(build: Callable[..., _Built]) -> Callable[..., _Built]:
    """Has a task or solver function raise what is wrong with its parameters as a `ParameterError`.

    Its signature takes any further name, so that a misspelt one reaches the function and is refused: Inspect would
    leave it out, with a warning, and run the defaults at full cost.
    """
    signature = inspect.signature(build, eval_str=True)
    names = tuple(signature.parameters)
    spare = inspect.Parameter("unknown_parameters", inspect.Parameter.VAR_KEYWORD, annotation=Any)

    @wraps(build)
    def wrapper(*arguments: Any, **values: Any) -> _Built:
        try:
            check_names(values, names)
            bound = signature.bind(*arguments, **values)
            checked = {name: check_value(signature.parameters[name], value) for name, value in bound.arguments.items()}
            return build(**checked)
        except ParameterError:
            raise
        except ValueError as error:
            raise ParameterError(str(error)) from error

    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), spare]
    )
    return wrapper


def check_names(values: Mapping[str, object], names: Iterable[str]) -> None:
    """Refuse a parameter that there is not.

    Raises:
        ParameterError: with the nearest known name.
    """
    known_names = tuple(names)
    for name in values:
        if name not in known_names:
            raise ParameterError(f"no parameter {name!r}{suggest_nearest(name, known_names)}")


def check_value(parameter: inspect.Parameter, value: Any) -> Any:
    """The value, as its type wants it: a whole number for one that the command line gave with a decimal point.

    Raises:
        ParameterError: for no value where the parameter has one by default, or a number where a whole one is needed.
    """
    name, annotation = parameter.name, parameter.annotation
    if value is None and parameter.default is not None:
        raise ParameterError(f"{name}: no value was given (-T {name}=VALUE); an unset variable gives none either")
    if isinstance(value, list):
        return [_make_whole(item) for item in value]
    if annotation is int and (isinstance(value, bool) or not isinstance(_make_whole(value), int)):
        raise ParameterError(f"{name}: {value!r} is not a whole number")
    return value if annotation is float else _make_whole(value)


def _make_whole(value: Any) -> Any:
    """A number without a fraction as an integer; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
