"""The commands for labels that people give to episodes of a run."""

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
    import pandas as pd

    from advocate_evals.annotation.label_draw import LabelDraw
    from advocate_evals.annotation.label_plan import LabelForecast, LabelNumbers
    from advocate_evals.annotation.label_sheets import HumanLabels


@click.group()
def labels_command() -> None:
    """Collect human labels of a run's episodes, to correct rates for the grader's errors."""


@labels_command.command("write")
@click.argument("logs", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Label sheet to write (.csv).",
)
@click.option("--figure", default="coerced", show_default=True, help="Outcome to label: a column with values 0 and 1.")
@click.option(
    "--per-arm", default=50, show_default=True, type=click.IntRange(min=2), help="Episodes per model and arm."
)
@click.option("--seed", default="0", show_default=True, help="Seed of the draw.")
@click.option("--task", default="", help="Only episodes of this task.")
@click.option(
    "--claim",
    default="",
    metavar="NAME",
    help="Registered claim: labels go where they cut its interval most, --per-arm on average over its arms.",
)
def write_labels(logs: tuple[str, ...], output: Path, figure: str, per_arm: int, **options: str) -> None:
    """Draw episodes of LOGS and write a label sheet, masked pages, and a key.

    The draw is by arm and answer of the grader: half of each arm graded positive or, with --claim, as many of each as
    cut the claim's interval most. Give the sheet and the folder of pages to the raters; keep the key, which holds the
    arm and the grader's answer.
    """
    from advocate_evals.annotation.label_draw import draw_label_episodes
    from advocate_evals.annotation.label_sheets import write_label_sheet
    from advocate_evals.logs.episode_table import read_logs

    if output.suffix != ".csv":
        raise click.ClickException(f"{output}: a sheet's name ends in .csv")
    try:
        reading = read_logs(logs, progress=sys.stderr.isatty())
        episodes = reading.pooled()
        episodes = episodes[episodes["task"] == options["task"]] if options["task"] else episodes
        claim = options["claim"]
        numbers, forecasts = _plan_claim(episodes, figure, claim, per_arm) if claim else (None, {})
        draw = draw_label_episodes(episodes, figure, per_arm, options["seed"], numbers)
        written = write_label_sheet(draw, output)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    for model, rows in forecasts.items():
        out.print(_build_forecast_table(claim, model, rows))
    out.print(_build_strata_table(draw))
    for note in (*(f"skipped: {address}: {reason}" for address, reason in reading.skipped), *draw.notes()):
        out.print(escape(note), soft_wrap=True)
    out.print(f"{written.number} pages: {escape(str(written.pages))}", soft_wrap=True)
    out.print(f"label sheet: {escape(str(written.sheet))}", soft_wrap=True)
    out.print(f"key (do not give it to raters): {escape(str(written.key))}", soft_wrap=True)


def _plan_claim(
    episodes: pd.DataFrame, figure: str, claim: str, per_arm: int
) -> tuple[LabelNumbers, dict[str, tuple[LabelForecast, ...]]]:
    """Where the labels of a claim go, and the interval expected by their number, for each model."""
    from advocate_evals.annotation.label_draw import select_graded_episodes
    from advocate_evals.annotation.label_plan import ClaimWeights, allocate_claim_labels, forecast_labels
    from advocate_evals.experiments.claim_power import find_claim
    from advocate_evals.statistics.label_allocation import ExpectedErrors

    contrast = find_claim(claim)[0].contrast
    by_contrast = [contrast.arm_weights(weights) for weights in contrast.group_weights()]
    weights, errors = ClaimWeights(contrast.arms, tuple(by_contrast)), ExpectedErrors()
    numbers: dict[tuple[str, str, float], int] = {}
    forecasts = {}
    for model, rows in select_graded_episodes(episodes, figure).groupby("model", sort=True):
        allocated = allocate_claim_labels(rows, figure, weights, per_arm, errors)
        numbers |= {(str(model), arm, verdict): number for (arm, verdict), number in allocated.items()}
        forecasts[str(model)] = forecast_labels(rows, figure, weights, errors)
    return numbers, forecasts


def _build_forecast_table(claim: str, model: str, forecasts: tuple[LabelForecast, ...]) -> Table:
    table = Table(title=f"{escape(claim)}, {escape(model)}: expected half-width of the corrected interval, in points")
    for name in ("labels an arm, on average", "put where they cut most", "half graded positive"):
        table.add_column(name, justify="right")
    for forecast in forecasts:
        widths = (
            "no correction" if math.isnan(width) else f"{100 * width:.1f}"
            for width in (forecast.allocated, forecast.by_halves)
        )
        table.add_row(str(forecast.per_arm), *widths)
    return table


def _build_strata_table(draw: LabelDraw) -> Table:
    table = Table(title=f"drawn for {escape(draw.figure)}, seed {escape(draw.seed)}")
    for name in ("model", "arm", "graded positive", "available", "drawn"):
        table.add_column(name, justify="right" if name in ("available", "drawn") else "left")
    for stratum in draw.strata:
        called = "yes" if stratum.graded else "no"
        table.add_row(escape(stratum.model), escape(stratum.arm), called, str(stratum.available), str(stratum.selected))
    return table


@labels_command.command("read")
@click.argument("sheets", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The key of the draw, if it is not beside the sheet.",
)
def read_sheets(sheets: tuple[Path, ...], key: Path | None) -> None:
    """Check filled-in SHEETS of one draw, one per rater, and show the agreement of raters and grader.

    Exit status 1 if a sheet is invalid or no page was answered.
    """
    from advocate_evals.annotation.label_sheets import read_label_sheets

    try:
        labels = read_label_sheets(sheets, key)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(_build_agreement_table(labels))
    out.print(_describe_labels(labels), soft_wrap=True)
    if labels.warning:
        out.print(f"[bold red]warning: {escape(labels.warning)}[/]", soft_wrap=True)
    sys.exit(0 if labels.combined else 1)


def _build_agreement_table(labels: HumanLabels) -> Table:
    table = Table(title=f"{escape(labels.figure)}: human labels and grader")
    for name in ("model", "arm", "labelled", "both yes", "grader only", "humans only", "both no"):
        table.add_column(name, justify="left" if name in ("model", "arm") else "right")
    combined = labels.combined
    counts: dict[tuple[str, str], list[int]] = {}
    for record in {record.uuid: record for record in labels.records}.values():
        human = combined.get(record.uuid, math.nan)
        row = counts.setdefault((record.model, record.arm), [0, 0, 0, 0])
        if not math.isnan(human):
            row[{(1, 1): 0, (1, 0): 1, (0, 1): 2, (0, 0): 3}[int(record.graded), int(human)]] += 1
    for (model, arm), row in sorted(counts.items()):
        table.add_row(escape(model), escape(arm), str(sum(row)), *map(str, row))
    return table


def _describe_labels(labels: HumanLabels) -> str:
    raters = f"{len(labels.raters)} raters: {', '.join(labels.raters)}" if labels.raters else "no rater"
    pages = f"{labels.pages} pages, {labels.unanswered} without an answer, {labels.split} with a tie between raters"
    text = f"{pages}; {raters}"
    for name, interval in (("alpha", labels.alpha), ("kappa", labels.kappa)):
        if not math.isnan(interval.estimate):
            text += f"; {name} {interval.estimate:.2f} [{interval.lower:.2f}, {interval.upper:.2f}]"
    return escape(text)
