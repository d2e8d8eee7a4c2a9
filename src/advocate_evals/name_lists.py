"""Lists of names as people write them: `none,engineer` on a command line, a list in a design, or `all`."""

from __future__ import annotations

from collections.abc import Iterable

from advocate_evals.records import suggest_nearest

NameList = str | list[str] | list[int]
"""Several names as a parameter: separated by commas, as the command line gives them, or a list."""

ALL_NAMES = "all"
"""Stands for every known name, where it is the only one."""


def split_names(names: str | Iterable[object]) -> tuple[str, ...]:
    """The names of a list, or of a text with commas between them, without blanks; none for an empty text."""
    parts = names.split(",") if isinstance(names, str) else map(str, names)
    return tuple(part.strip() for part in parts if part.strip())


def parse_names(
    names: NameList, known_names: Iterable[str], parameter: str, *, allow_all: bool = True
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
