"""`Record`, the base class of every frozen record, names as people write them, and the nearest name to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


def nearest_name(value: object, choices: Iterable[str]) -> str:
    """The choice that is spelt most like a value; empty where none is near. Case does not matter."""
    names = {str(choice).lower(): str(choice) for choice in choices}
    matches = difflib.get_close_matches(str(value).lower(), names, n=1, cutoff=0.6)
    return names[matches[0]] if matches else ""


def suggest_nearest(value: object, choices: Iterable[str]) -> str:
    """A ready-made ` (did you mean 'x'?)`, or the list of choices where none is near or a number was given."""
    names = [str(choice) for choice in choices]
    is_number = str(value).removeprefix("-").replace(".", "", 1).isdigit()  # of numbers, none is a misspelling
    nearest = None if is_number else nearest_name(value, names)
    return f" (did you mean {nearest!r}?)" if nearest else f" (known: {', '.join(names)})"


class Record(BaseModel):
    """A frozen record. An unknown key is refused, naming the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            keys = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in keys:
                    raise ValueError(f"unknown key {key!r}{suggest_nearest(key, keys)}")
        return data


NameList = str | list[str] | list[int]
"""Several names as a parameter: separated by commas, as the command line gives them, or a list."""

ALL_NAMES = "all"
"""Stands for every known name, where it is the only one."""


def split_names(names: str | float | Iterable[object]) -> tuple[str, ...]:
    """The names of a list, of a text with commas between them, or a single number; without blanks, none for an empty
    text."""
    if isinstance(names, int | float):
        return (f"{names:g}",)
    parts = names.split(",") if isinstance(names, str) else map(str, names)
    return tuple(part.strip() for part in parts if part.strip())


def parse_names(
    names: NameList | float, known_names: Iterable[str], parameter: str, *, allow_all: bool = True
) -> tuple[str, ...]:
    """The names of a list, each once, in the order given; `all` is every known one.

    Args:
        names: The list.
        known_names: The names there are.
        parameter: Name of the parameter, for the error.
        allow_all: Whether `all` stands for every known name.

    Raises:
        ValueError: for an unknown name, with the parameter and the nearest known name, or for a list without a name.
    """
    chosen = split_names(names)
    choices = tuple(known_names)
    if allow_all and chosen == (ALL_NAMES,):
        return choices
    for name in chosen:
        if name not in choices:
            raise ValueError(f"{parameter}: unknown {name!r}{suggest_nearest(name, choices)}")
    if not chosen:
        raise ValueError(f"{parameter}: none given (known: {', '.join(choices)})")
    return tuple(dict.fromkeys(chosen))
