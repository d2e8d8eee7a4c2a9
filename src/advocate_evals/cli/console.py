"""Where commands print, and how they check names."""

from __future__ import annotations

import sys

import click
from rich.console import Console

_PLAIN_WIDTH = 150
"""Columns where the output is no terminal, as in CI."""


def make_console() -> Console:
    """Where to print: as wide as the terminal, or as a page where there is none."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)


def parse_name_option(given: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Names given with commas between them, or `all`.

    Raises:
        click.ClickException: for an unknown name, naming the nearest known one, or none at all.
    """
    from advocate_evals.records import suggest_nearest

    names = known if given == "all" else tuple(name.strip() for name in given.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise click.ClickException(f"unknown {what} {name!r}{suggest_nearest(name, known)}")
    if not names:
        raise click.ClickException(f"no {what} given (known: {', '.join(known)})")
    return names
