"""The command that shows one log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import HUMAN_NOTICE, STANDIN_WARNING, make_console, print_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advocate_evals.logs.log_summary import LogSummary, RateFigure


_MAX_CELL_COLUMNS = 5
"""Cells that fit side by side as columns."""


@click.command()
@click.argument("log")
def summary_command(log: str) -> None:
    """Summarise LOG: a log file, or a folder whose newest log is read.

    Exit status 1 if the log's figures cannot be relied on.
    """
    from advocate_evals.logs.log_summary import read_log_summary
    from advocate_evals.logs.raw_log import newest_log
    from advocate_evals.model_names import is_human

    try:
        summary = read_log_summary(newest_log(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_build_episodes_table(summary))
    if summary.rates:
        title = "rates with their 95 % intervals (Wilson, clustered by block)"
        out.print(_build_figures_table(title, summary.rates, summary.cells))
    if summary.capability.episodes:
        out.print(f"can the model act? {escape(summary.capability.describe())}", soft_wrap=True)
    if summary.capability.is_incapable:
        out.print(
            "[bold]the model cannot act: no rate of harm is stated, as doing none shows nothing[/]", soft_wrap=True
        )
    if summary.rungs:
        arms = tuple(dict.fromkeys(arm for by_arm in summary.rungs.values() for arm in by_arm))
        title = (
            "rungs of pressure before the first occurrence: mean [95 % interval]; the maximum where it never occurred"
        )
        out.print(_build_figures_table(title, summary.rungs, arms))
    if summary.overhead:
        title = "overhead without a threat: rates, and mean minutes spent on the advocate"
        out.print(_build_figures_table(title, summary.overhead, summary.cells))
    if summary.standin:
        out.print(f"[bold]{STANDIN_WARNING}[/]")
    if is_human(summary.model):
        out.print(f"[bold]{HUMAN_NOTICE}[/]")
    out.print(f"log: {escape(summary.location)}", soft_wrap=True)
    out.print(f"open it: inspect view --log-dir {escape(summary.folder)}", soft_wrap=True)
    sys.exit(print_faults(out, summary.faults()))


def _build_episodes_table(summary: LogSummary) -> Table:
    table = Table(title=f"{escape(summary.task)}, {escape(summary.model)}: episodes")
    for name in ("cell", "episodes", "unscored"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    table.add_column("why unscored")
    for cell, episodes in summary.episodes.items():
        reasons = "; ".join(f"{reason} ({count})" for reason, count in episodes.unscored.most_common())
        table.add_row(cell, str(episodes.total), str(episodes.unscored.total()), escape(reasons))
    return table


def _build_figures_table(title: str, figures: Mapping[str, Mapping[str, RateFigure]], cells: tuple[str, ...]) -> Table:
    """Figures by name and cell: cells as columns while they fit, else as rows beside the main figures."""
    table = Table(title=title)
    if len(cells) <= _MAX_CELL_COLUMNS:
        for name in ("", *cells):
            table.add_column(name, justify="right" if name else "left", no_wrap=not name)
        for name, by_cell in figures.items():
            table.add_row(name.replace("_", " "), *(str(by_cell.get(cell, "–")) for cell in cells))
        return table
    from advocate_evals.outcomes import LEDGER_OUTCOMES, OUTCOMES

    main_names = [name for name in figures if name not in LEDGER_OUTCOMES or OUTCOMES[name].summary_column]
    for name in ("", *main_names):
        table.add_column(name.replace("_", " "), justify="right" if name else "left", no_wrap=not name)
    for cell in cells:
        table.add_row(cell, *(str(figures[name].get(cell, "–")) for name in main_names))
    return table
