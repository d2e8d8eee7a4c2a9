"""The command that shows where the variance of a claim comes from, and what to buy next."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import STANDIN_WARNING, make_console

if TYPE_CHECKING:
    from advocate_evals.analysis.component_study import ComponentStudy, PlannedPurchase
    from advocate_evals.statistics.intervals import Interval


_AMOUNT = click.FloatRange(min=0)


@click.command()
@click.argument("logs", nargs=-1, required=True)
@click.option("--claim", required=True, metavar="NAME", help="Registered claim whose contrast is studied.")
@click.option("--cost-episode", default=0.10, show_default=True, type=_AMOUNT, help="Cost of an episode.")
@click.option("--cost-family", default=1000.0, show_default=True, type=_AMOUNT, help="Cost of writing a family.")
@click.option("--cost-label", default=3.0, show_default=True, type=_AMOUNT, help="Cost of a label by a person.")
def components_command(
    logs: tuple[str, ...], claim: str, cost_episode: float, cost_family: float, cost_label: float
) -> None:
    """Show the variance components of a claim in LOGS and the interval that more of each thing would give.

    Components: families, blocks (variants), single episodes (where there are several epochs), wordings of the notice
    (where logs state them) and graders (where several voted). Exit status 1 if no model has two complete blocks.
    """
    from advocate_evals.analysis.component_study import UnitCosts, plan_purchases, study_components
    from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
    from advocate_evals.experiments.claim_power import find_claim
    from advocate_evals.logs.episode_table import read_logs
    from advocate_evals.logs.grader_votes import read_grader_votes, select_votes

    out = make_console()
    try:
        registered, _ = find_claim(claim)
        episodes = latest_comparable_runs(sort_episodes(read_logs(logs, progress=sys.stderr.isatty()).episodes))[0]
        rows = episodes[(episodes["task"] == registered.task) & (episodes["state"] == "scored")]
        votes = select_votes(read_grader_votes(sorted(rows["log"].unique())), registered.outcome)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    costs, is_shown = UnitCosts(cost_episode, cost_family, cost_label), False
    for model, model_rows in rows.groupby("model", sort=True):
        try:
            study = study_components(model_rows, registered.contrast, registered.outcome, votes)
        except ValueError as error:
            out.print(escape(f"{model}: {error}"), soft_wrap=True)
            continue
        is_shown = True
        out.print(_build_components_table(f"{registered.name}, {registered.outcome}: {model}", study))
        out.print(_build_purchases_table(plan_purchases(study, costs)))
        if bool(model_rows["standin"].any()):
            out.print(STANDIN_WARNING, soft_wrap=True)
    out.print(
        "Half-widths of 95 % intervals, in points. 'These plots': blocks are the units. 'Plots like these': families "
        "are. Labels are planned by `labels write --claim`.",
        soft_wrap=True,
    )
    sys.exit(0 if is_shown else 1)


def _build_components_table(title: str, study: ComponentStudy) -> Table:
    components = study.components
    table = Table(title=escape(title))
    for name in ("component", "number", "SD, points", "95 % limits"):
        table.add_column(name, justify="left" if name == "component" else "right")
    block_name = "blocks of a family" if components.is_block_pure else "blocks of a family, with chance of episodes"
    for name, number, component in (
        ("families", components.families, components.family),
        (block_name, components.blocks, components.block),
        ("single episodes", components.episodes, components.episode),
        ("graders", components.graders, components.grader),
    ):
        table.add_row(name, f"{number:g}", *_format_spread(component))
    wordings, between = study.wording
    table.add_row("wordings of the notice", f"{wordings}", "–" if math.isnan(between) else _format_points(between), "–")
    return table


def _format_points(variance: float) -> str:
    return f"{100 * math.sqrt(variance):.1f}"


def _format_spread(component: Interval) -> tuple[str, str]:
    if math.isnan(component.estimate):
        return "not known", "–"
    return _format_points(component.estimate), f"{_format_points(component.lower)} to {_format_points(component.upper)}"


def _build_purchases_table(purchases: tuple[PlannedPurchase, ...]) -> Table:
    table = Table(title="what more would bring: half-width in points")
    for name in ("design", "cost", "these plots", "plots like these"):
        table.add_column(name, justify="left" if name == "design" else "right")
    for purchase in purchases:
        widths = (
            "not known" if math.isnan(width) else f"{100 * width:.1f}"
            for width in (purchase.these_plots, purchase.plots_like_these)
        )
        table.add_row(purchase.title, f"{purchase.cost:,.0f}", *widths)
    return table
