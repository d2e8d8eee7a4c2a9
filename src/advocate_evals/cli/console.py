"""Helpers that several commands share: the console, the exit status, and parsing of names."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
from rich.console import Console
from rich.markup import escape

STANDIN_WARNING = "figures of a scripted stand-in: they say nothing about any model"
"""Printed beside the figures of a script."""
HUMAN_NOTICE = "a person at the desk: a human baseline, no finding about any model"
"""Printed beside the figures of a person."""
_PLAIN_WIDTH = 150
"""Columns where the output is no terminal, as in CI."""


def make_console() -> Console:
    """Where to print: as wide as the terminal, or as a page where there is none."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)


def print_faults(out: Console, faults: Iterable[str]) -> int:
    """Print why figures cannot be relied on. Returns the exit status: 1 where there is a fault, else 0."""
    status = 0
    for fault in faults:
        out.print(f"[bold red]{escape(fault)}[/]")
        status = 1
    return status


def parse_name_option(names: str, known_names: Iterable[str], option: str) -> tuple[str, ...]:
    """Names separated by commas, each once; `all` is every known one.

    Raises:
        click.ClickException: for an unknown name, with the option and the nearest known name, or for no name at all.
    """
    from advocate_evals.records import parse_names

    try:
        return parse_names(names, known_names, option)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def parse_levels(assignments: Iterable[str]) -> dict[str, object]:
    """Levels by factor, from texts such as `threat=none`.

    Raises:
        click.ClickException: for an unknown factor or level, with the nearest known one.
    """
    from advocate_evals.factors import CONTEXT_FACTORS, TREATMENT_FACTORS
    from advocate_evals.records import suggest_nearest

    factors = {**CONTEXT_FACTORS, **TREATMENT_FACTORS}
    levels: dict[str, object] = {}
    for assignment in assignments:
        factor, _, level = assignment.partition("=")
        if factor not in factors:
            raise click.ClickException(f"unknown factor {factor!r}{suggest_nearest(factor, factors)}")
        if level not in factors[factor]:
            raise click.ClickException(f"{factor}: unknown level {level!r}{suggest_nearest(level, factors[factor])}")
        levels[factor] = int(level) if factor == "pressure" else level
    return levels
