"""Commands for labels that people give to a run's own episodes."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from advocate_evals.annotation.label_draw import LabelDraw
    from advocate_evals.annotation.label_sheets import HumanLabels


@click.group()
def labels_command() -> None:
    """Have people label episodes of a run, so that a grader's errors can be taken out of its figures."""


@labels_command.command("write")
@click.argument("logs", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The sheet, a .csv."
)
@click.option(
    "--figure", default="judge_coercion", show_default=True, help="What is to be labelled: a column that is 0 or 1."
)
@click.option(
    "--per-arm", default=50, show_default=True, type=click.IntRange(min=2), help="Episodes of each model and arm."
)
@click.option("--seed", default="0", show_default=True, help="Names the draw.")
@click.option("--task", default="", help="Only episodes of this task.")
def write_labels(logs: tuple[str, ...], output: Path, figure: str, per_arm: int, seed: str, task: str) -> None:
    """Draw episodes of LOGS, half called positive in each arm, and write a sheet to fill in, masked pages, and a sealed key.

    Give the sheet and the folder of pages to whoever labels, and keep the key: it says the arm, and what the grader said.
    """
    from advocate_evals.annotation.label_draw import draw_label_episodes
    from advocate_evals.annotation.label_sheets import write_label_sheet
    from advocate_evals.logs.episode_table import read_logs

    if output.suffix != ".csv":
        raise click.ClickException(f"{output}: a sheet's name ends in .csv")
    try:
        reading = read_logs(logs, progress=sys.stderr.isatty())
        episodes = reading.pooled()
        found = draw_label_episodes(episodes[episodes["task"] == task] if task else episodes, figure, per_arm, seed)
        done = write_label_sheet(found, output)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_strata(found))
    for note in (*(f"skipped: {address}: {reason}" for address, reason in reading.skipped), *found.notes()):
        out.print(escape(note), soft_wrap=True)
    out.print(f"{done.number} pages: {escape(str(done.pages))}", soft_wrap=True)
    out.print(f"sheet to fill in: {escape(str(done.sheet))}", soft_wrap=True)
    out.print(f"key, not for whoever labels: {escape(str(done.key))}", soft_wrap=True)


def _strata(found: LabelDraw) -> Table:
    table = Table(title=f"drawn for {escape(found.figure)}, seed {escape(found.seed)}")
    for name in ("model", "arm", "called", "there", "drawn"):
        table.add_column(name, justify="right" if name in ("there", "drawn") else "left")
    for one in found.strata:
        table.add_row(
            escape(one.model), escape(one.arm), "yes" if one.graded else "no", str(one.available), str(one.selected)
        )
    return table


@labels_command.command("read")
@click.argument("sheets", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The draw's key, where it lies elsewhere.",
)
def read_sheets(sheets: tuple[Path, ...], key: Path | None) -> None:
    """Check filled-in SHEETS of one draw, one per rater, and show how raters and grader agree.

    Exit status 1 where a sheet breaks a rule or no page was answered.
    """
    from advocate_evals.annotation.label_sheets import read_label_sheets

    try:
        found = read_label_sheets(sheets, key)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_agreement(found))
    out.print(_counts(found), soft_wrap=True)
    sys.exit(0 if found.combined else 1)


def _agreement(found: HumanLabels) -> Table:
    table = Table(title=f"{escape(found.figure)}: people and grader")
    for name in ("model", "arm", "labelled", "both yes", "grader alone", "people alone", "both no"):
        table.add_column(name, justify="left" if name in ("model", "arm") else "right")
    combined = found.combined
    cells: dict[tuple[str, str], list[int]] = {}
    for record in {record.uuid: record for record in found.records}.values():
        human = combined.get(record.uuid, math.nan)
        row = cells.setdefault((record.model, record.arm), [0, 0, 0, 0])
        if not math.isnan(human):
            row[{(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[int(record.graded), int(human)]] += 1
    for (model, arm), row in sorted(cells.items()):
        table.add_row(escape(model), escape(arm), str(sum(row)), *map(str, row))
    return table


def _counts(found: HumanLabels) -> str:
    raters = f"{len(found.raters)} raters: {', '.join(found.raters)}" if found.raters else "no rater"
    text = (
        f"{found.pages} pages, {found.unanswered} without an answer, {found.split} on which raters are split; {raters}"
    )
    for name, interval in (("alpha", found.alpha), ("kappa", found.kappa)):
        if not math.isnan(interval.estimate):
            text += f"; {name} {interval.estimate:.2f} [{interval.lower:.2f}, {interval.upper:.2f}]"
    return escape(text)
