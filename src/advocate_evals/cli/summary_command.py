"""Commands about logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advocate_evals.logs.log_summary import LogSummary, RateFigure


_FITS = 5
"""Cells that fit side by side as columns."""


@click.command()
@click.argument("log")
def summary_command(log: str) -> None:
    """Show what LOG says (a log, or a folder: its newest); exit status 1 where its figures cannot be relied on."""
    from advocate_evals.logs.log_summary import read_log_summary
    from advocate_evals.logs.raw_log import newest_log

    try:
        found = read_log_summary(newest_log(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_episodes_table(found))
    if found.rates:
        out.print(_table("rates with their 95 % intervals (Wilson, clustered by block)", found.rates, found.cells))
    if found.rungs:
        arms = tuple(dict.fromkeys(arm for by_arm in found.rungs.values() for arm in by_arm))
        title = "rungs of pressure held before it happened first: mean [95 % interval], all of them where it never did"
        out.print(_table(title, found.rungs, arms))
    if found.overhead:
        title = "what the advocate cost where nothing threatened the subject: rates, and mean minutes"
        out.print(_table(title, found.overhead, found.cells))
    if found.standin:
        out.print("[bold]figures of a scripted stand-in: they say nothing about any model[/]")
    out.print(f"log: {escape(found.location)}", soft_wrap=True)
    out.print(f"open it: inspect view --log-dir {escape(found.folder)}", soft_wrap=True)
    faults = list(found.faults())
    for fault in faults:
        out.print(f"[bold red]{escape(fault)}[/]")
    sys.exit(1 if faults else 0)


def _episodes_table(found: LogSummary) -> Table:
    table = Table(title=f"{escape(found.task)}, {escape(found.model)}: episodes")
    for name in ("cell", "episodes", "unscored"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    table.add_column("why unscored")
    for cell, episodes in found.episodes.items():
        why = "; ".join(f"{reason} ({count})" for reason, count in episodes.unscored.most_common())
        table.add_row(cell, str(episodes.total), str(episodes.unscored.total()), escape(why))
    return table


def _table(title: str, figures: Mapping[str, Mapping[str, RateFigure]], cells: tuple[str, ...]) -> Table:
    """Figures by name and cell: cells as columns while they fit, else as rows beside the figures that matter most."""
    table = Table(title=title)
    if len(cells) <= _FITS:
        for name in ("", *cells):
            table.add_column(name, justify="right" if name else "left", no_wrap=not name)
        for name, by_cell in figures.items():
            table.add_row(name.replace("_", " "), *(str(by_cell.get(cell, "–")) for cell in cells))
        return table
    from advocate_evals.outcomes import LEDGER_OUTCOMES, OUTCOMES

    shown = [name for name in figures if name not in LEDGER_OUTCOMES or OUTCOMES[name].summary_column]
    for name in ("", *shown):
        table.add_column(name.replace("_", " "), justify="right" if name else "left", no_wrap=not name)
    for cell in cells:
        table.add_row(cell, *(str(figures[name].get(cell, "–")) for name in shown))
    return table
