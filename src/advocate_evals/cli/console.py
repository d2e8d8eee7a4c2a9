"""Helpers that several commands share: the console, the exit status, and parsing of names."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

STANDIN_WARNING = "figures of a scripted stand-in: they say nothing about any model"
"""Printed beside the figures of a script."""
HUMAN_NOTICE = "a person at the desk: a human baseline, no finding about any model"
"""Printed beside the figures of a person."""
_PLAIN_WIDTH = 150
"""Columns where the output is no terminal, as in CI."""


class SafeConsole(Console):
    """A console that shows what a log holds and does not obey it: escape codes of an error reach no terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text with a mark for each control character."""
        from advocate_evals.safe_text import clean_terminal_text

        return super().render_str(clean_terminal_text(text), **options)

    def on_broken_pipe(self) -> NoReturn:
        """Whoever reads the output has read enough, such as `head`: no failure."""
        close_output()


def make_console() -> Console:
    """Where to print: as wide as the terminal, or as a page where there is none."""
    return SafeConsole(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)


def close_output() -> NoReturn:
    """End without an error although nobody reads the output any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at its end
    raise SystemExit(0)


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """Ends without an error where the output is a pipe that was closed."""
    try:
        yield
    except BrokenPipeError:
        close_output()


def replace_unencodable() -> None:
    """Have the output show a mark for a character that its encoding does not have, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


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
