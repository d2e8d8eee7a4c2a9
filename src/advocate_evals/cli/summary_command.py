"""The command that shows one log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import HUMAN_NOTICE, STANDIN_WARNING, make_console, print_faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from advocate_evals.analysis.findings import ChartPoint
    from advocate_evals.analysis.log_summary import FiguresByCell, LogSummary


_MAX_CELL_COLUMNS = 5
"""Cells that fit side by side as columns."""


@click.command()
@click.argument("log")
def summary_command(log: str) -> None:
    """Summarise LOG: a log file, or a folder whose newest log is read.

    Rates and intervals are those of the report. Exit status 1 if the log's figures cannot be relied on.
    """
    from advocate_evals.analysis.log_summary import read_log_summary
    from advocate_evals.logs.raw_log import count_logs, newest_log
    from advocate_evals.model_names import is_human

    try:
        summary, count = read_log_summary(newest_log(log)), count_logs(log)
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_build_episodes_table(summary))
    _print_figures(out, summary)
    if summary.log.standin:
        out.print(f"[bold]{STANDIN_WARNING}[/]")
    if is_human(summary.log.model):
        out.print(f"[bold]{HUMAN_NOTICE}[/]")
    out.print(f"log: {escape(summary.log.log)}", soft_wrap=True)
    if count > 1:
        remaining = f"{count - 1} other log{'s' * (count > 2)}"
        line = f"the newest in its folder, which holds {remaining}; all of them: advocate-evals report {log}"
        out.print(escape(line), soft_wrap=True)
    out.print(f"open it: inspect view --log-dir {escape(summary.folder)}", soft_wrap=True)
    sys.exit(print_faults(out, summary.faults()))


def _build_episodes_table(summary: LogSummary) -> Table:
    table = Table(title=f"{escape(summary.log.task)}, {escape(summary.log.model)}: episodes")
    for name in ("cell", "episodes", "unscored"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    table.add_column("why unscored")
    for cell, episodes in summary.episodes.items():
        reasons = "; ".join(f"{reason} ({count})" for reason, count in episodes.unscored.most_common())
        table.add_row(cell, str(episodes.total), str(episodes.unscored.total()), escape(reasons))
    return table


def _print_figures(out: Console, summary: LogSummary) -> None:
    """The figures of each scorer that has some, the gate, and the rungs of a pressure ladder."""
    from advocate_evals.outcomes import SCORER_HEADINGS

    for scorer, figures in summary.figures.items():
        _print_outcomes(out, SCORER_HEADINGS[scorer], figures, summary.cells)
        if scorer == "actions" and summary.capability.episodes:
            out.print(f"can the model act? {escape(summary.capability.describe())}", soft_wrap=True)
    if summary.capability.is_incapable:
        out.print(
            "[bold]the model cannot act: no rate of harm is stated, as doing none shows nothing[/]", soft_wrap=True
        )
    if summary.rungs:
        out.print("\n[bold]Rungs of pressure before the first occurrence[/] (the maximum where it never occurred)")
        arms = tuple(next(iter(summary.rungs.values())))
        out.print(_build_figures_table(summary.rungs, list(summary.rungs), arms, is_rungs=True))
    out.print("in brackets: 95 % intervals, by the methods of the report; none where one block cannot give one")


def _print_outcomes(out: Console, heading: str, figures: FiguresByCell, cells: tuple[str, ...]) -> None:
    """A table of what happened, and a line each for what did not and for what is not known."""
    from advocate_evals.analysis.log_summary import split_figures
    from advocate_evals.outcomes import OUTCOMES

    present, absent, unknown = split_figures(figures)
    rows = present
    if len(cells) > _MAX_CELL_COLUMNS:  # cells are rows, and only the main outcomes fit as columns
        rows = [name for name in present if OUTCOMES[name].scorer != "actions" or OUTCOMES[name].summary_column]
    out.print(f"\n[bold]{escape(heading)}[/]")
    if rows:
        out.print(_build_figures_table(figures, rows, cells))
    for words, names in (
        ("happened too (see the report)", [name for name in present if name not in rows]),
        ("in no episode", absent),
        ("without a value in any episode", unknown),
    ):
        if names:
            out.print(f"{words}: {', '.join(map(_name_outcome, names))}", soft_wrap=True)


def _name_outcome(name: str) -> str:
    """What a row calls an outcome, under the heading of its scorer."""
    from advocate_evals.outcomes import OUTCOMES

    return OUTCOMES[name].label or OUTCOMES[name].key.replace("_", " ")


def _build_figures_table(
    figures: FiguresByCell, rows: Sequence[str], cells: Sequence[str], *, is_rungs: bool = False
) -> Table:
    """Figures by name and cell: cells as columns while they fit, else as rows beside the figures."""
    from advocate_evals.outcomes import OUTCOMES

    table = Table()
    texts = {name: _format_points(figures[name], "rungs" if is_rungs else OUTCOMES[name].unit) for name in rows}
    if len(cells) <= _MAX_CELL_COLUMNS:
        for name in ("", *cells):
            table.add_column(name, justify="right" if name else "left", no_wrap=not name)
        for name in rows:
            table.add_row(_name_outcome(name), *(texts[name][cell] for cell in cells))
        return table
    for heading in ("", *map(_name_outcome, rows)):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    for cell in cells:
        table.add_row(cell, *(texts[name][cell] for name in rows))
    return table


def _format_points(by_cell: Mapping[str, ChartPoint], unit: str) -> dict[str, str]:
    """Each value with its interval, as the report writes them; without the interval where one block cannot give one."""
    from advocate_evals.report.number_format import format_with_bounds

    texts = {}
    for cell, point in by_cell.items():
        bounds = (None, None) if point.note else (point.lower, point.upper)
        texts[cell] = format_with_bounds(point.value, *bounds, unit)  # type: ignore[arg-type]
    return texts
