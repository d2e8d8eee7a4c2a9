"""The command that runs experiment designs, or forecasts their episodes, tokens and cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from advocate_evals.experiments.cost_forecast import CostForecast, MeasuredUsage, UsageAmount
    from advocate_evals.experiments.design_plan import RunPlan


_DISPLAYS = ("full", "conversation", "rich", "plain", "log", "none")


@click.command("run")
@click.argument("design", required=False)
@click.option("--dry-run", is_flag=True, help="Run nothing; show episodes and expected calls, tokens and cost.")
@click.option("--log-dir", metavar="DIR", help="Run the design and write logs here; an existing folder is resumed.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Model under test; replaces the design's.")
@click.option(
    "--grader",
    "graders",
    multiple=True,
    metavar="MODEL",
    help="Grader model; replaces the design's. Several graders vote.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Run only the first episodes of each run, as a trial.")
@click.option("--display", type=click.Choice(_DISPLAYS), help="Inspect's progress display.")
@click.option(
    "--flow", type=click.Path(dir_okay=False, writable=True), help="Write the design as an Inspect Flow spec."
)
@click.option(
    "--measure", is_flag=True, help="Measure calls and tokens per episode with stand-ins and save them; no DESIGN."
)
def run_command(
    design: str | None,
    dry_run: bool,
    log_dir: str | None,
    models: tuple[str, ...],
    graders: tuple[str, ...],
    limit: int | None,
    display: str | None,
    flow: str | None,
    measure: bool,
) -> None:
    """Run DESIGN, an experiment: a YAML file, or the name of a design that comes with the suite.

    Exit status 1 if a log's status is not 'success'. Run again with the same --log-dir to run what is missing.
    """
    if measure:
        _write_measured_usage()
        return
    if design is None:
        raise click.ClickException("no DESIGN given (advocate-evals run --help)")
    if not (dry_run or log_dir or flow):
        raise click.ClickException("nothing to do: give --dry-run, --log-dir DIR or --flow FILE")
    plan = _build_plan(design, models, graders)
    if flow:
        _write_flow_spec(plan, flow)
    if dry_run:
        _print_forecast(plan)
    elif log_dir:
        _run_plan(plan, log_dir, limit, display)


def _build_plan(design: str, models: tuple[str, ...], graders: tuple[str, ...]) -> RunPlan:
    from advocate_evals.experiments.design_plan import build_plan, find_design
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        return build_plan(find_design(design), models, graders)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error


def _run_plan(plan: RunPlan, log_dir: str, limit: int | None, display: str | None) -> None:
    from advocate_evals.experiments.run_design import run_faults, run_plan

    if not plan.models:
        raise click.ClickException("no model: name one in the design or with --model")
    options = {name: value for name, value in (("limit", limit), ("display", display)) if value is not None}
    logs = run_plan(plan, plan.build(), log_dir, **options)
    faults = list(run_faults(plan, logs))
    click.echo(
        f"{len(logs)} run{'s' * (len(logs) != 1)} finished, logs in {log_dir}" + ("" if faults else ", all successful")
    )
    for fault in faults:
        click.echo(fault)
    click.echo(f"figures: advocate-evals summary LOG; open them: inspect view --log-dir {log_dir}")
    sys.exit(1 if faults else 0)


def _write_flow_spec(plan: RunPlan, path: str) -> None:
    from pathlib import Path

    from advocate_evals.experiments.run_design import write_flow_spec

    write_flow_spec(plan, Path(path))
    click.echo(f"{len(plan.runs)} runs × {len(plan.models) or 'no'} models: {path} (run it: flow run {path})")


def _write_measured_usage() -> None:
    from advocate_evals.experiments.cost_forecast import measure_usage, write_measured_usage
    from advocate_evals.experiments.design_plan import DESIGN_FOLDER, MEASURED_FILE

    path = DESIGN_FOLDER / f"{MEASURED_FILE}.yaml"
    click.echo("playing stand-ins, about two minutes")
    try:
        write_measured_usage(measure_usage(), path)
    except (RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"written: {path}")


def _print_forecast(plan: RunPlan) -> None:
    from advocate_evals.experiments.cost_forecast import forecast_plan, read_measured_usage
    from advocate_evals.scenarios.dataset_reader import DatasetError

    try:
        figures = read_measured_usage()
    except DatasetError as error:
        raise click.ClickException(f"{error}\nadvocate-evals run --measure writes it") from error
    forecast = forecast_plan(plan, plan.build(), figures)
    out = make_console()
    out.print(f"[bold]{escape(plan.design.title)}[/]\n{escape(plan.design.summary.strip())}", soft_wrap=True)
    out.print(_build_usage_table(forecast))
    out.print(_build_cost_table(plan, forecast))
    for line in _list_caveats(forecast, figures):
        out.print(escape(line), soft_wrap=True)


def _build_usage_table(forecast: CostForecast) -> Table:
    table = Table(title="per model: expected usage of each run")
    table.add_column("run")
    for name in ("episodes", "calls", "input tokens", "output tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for number, row in enumerate(forecast.rows):
        mark = "" if row.was_measured else " *"
        last = number == len(forecast.rows) - 1
        table.add_row(escape(str(row.run)) + mark, f"{row.episodes:,}", *_format_amount(row.mean), end_section=last)
    table.add_row("total", f"{forecast.episodes:,}", *_format_amount(forecast.mean))
    table.add_row("total, at the usage of the busiest stand-in", "", *_format_amount(forecast.busiest))
    return table


def _format_amount(amount: UsageAmount) -> tuple[str, ...]:
    return tuple(f"{value:,.0f}" for value in (amount.calls, amount.input_tokens, amount.output_tokens))


def _build_cost_table(plan: RunPlan, forecast: CostForecast) -> Table:
    table = Table(title="per model: cost in US dollars")
    for name in ("model", "expected", "at the busiest stand-in's usage", "price per million tokens"):
        table.add_column(name, justify="left" if name == "model" else "right")
    costs: list[float] = []
    for model in plan.models:
        price = plan.design.prices.get(model)
        if price is None:
            table.add_row(escape(model), "no price", "", "add one under prices")
            continue
        costs.append(forecast.mean.cost(price))
        price_text = f"{price.input:g} in, {price.output:g} out, as of {price.as_of}"
        table.add_row(escape(model), f"{costs[-1]:,.2f}", f"{forecast.busiest.cost(price):,.2f}", price_text)
    if not plan.models:
        table.add_row("no model named", "", "", "name one with --model")
    if len(costs) > 1:
        table.add_row("total of models with a price", f"{sum(costs):,.2f}", "", "")
    return table


def _list_caveats(forecast: CostForecast, figures: MeasuredUsage) -> list[str]:
    from advocate_evals.experiments.cost_forecast import SECONDS

    episodes = sum(usage.episodes for usage in (*figures.without_probes, *figures.with_probes))
    policies = ", ".join(usage.policy for usage in figures.without_probes)
    lines = [
        f"At {SECONDS} seconds a call and {forecast.connections} parallel calls: "
        f"about {forecast.hours:.1f} hours per model.",
        f"Episodes are exact. Calls and tokens come from {episodes} episodes of {figures.task}, played by scripted "
        f"stand-ins ({policies}), not by a model: a real model may take more or fewer turns and writes more, above "
        "all with reasoning.",
        "A token is counted as four characters. Caching is not modelled: with a provider's cache, input costs much "
        "less.",
        "Models in roles, such as a grader, are not included.",
    ]
    if not all(row.was_measured for row in forecast.rows):
        lines.append(f"* No episode of this task was measured; the figures are those of {figures.task}.")
    if any(row.run.task == "gate" for row in forecast.rows):
        lines.append("For a gate, the maximum number of episodes is counted; it usually stops earlier.")
    if not figures.current:
        lines.append("The data files have changed since this was measured; run: advocate-evals run --measure.")
    return lines
