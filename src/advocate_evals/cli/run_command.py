"""The command that runs whole designs, or says what they would take."""

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
@click.option("--dry-run", is_flag=True, help="Run nothing: show episodes, expected calls, tokens and cost.")
@click.option(
    "--log-dir", metavar="DIR", help="Run it, with logs there; the same folder again goes on where it stopped."
)
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Model under test, in place of the design's.")
@click.option(
    "--grader",
    "graders",
    multiple=True,
    metavar="MODEL",
    help="Model that judges, in place of the design's; several vote.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first episodes of each run, to try it out.")
@click.option("--display", type=click.Choice(_DISPLAYS), help="Inspect's display of progress.")
@click.option("--flow", type=click.Path(dir_okay=False, writable=True), help="Write it as an Inspect Flow spec.")
@click.option("--measure", is_flag=True, help="Play stand-ins and write what an episode takes; needs no DESIGN.")
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
    """Run DESIGN, a whole experiment: a file, or the name of one that comes with the suite.

    Exit status 1 where a log is not a success. Running it again with the same --log-dir runs what is missing.
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
        raise click.ClickException("no model: name one in the design, or with --model")
    options = {name: value for name, value in (("limit", limit), ("display", display)) if value is not None}
    logs = run_plan(plan, plan.build(), log_dir, **options)
    faults = list(run_faults(plan, logs))
    click.echo(f"{len(logs)} runs finished, logs in {log_dir}" + ("" if faults else ", all of them a success"))
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
    table = Table(title="per model: what each run takes")
    table.add_column("run")
    for name in ("episodes", "calls", "input tokens", "output tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for number, row in enumerate(forecast.rows):
        mark = "" if row.was_measured else " *"
        last = number == len(forecast.rows) - 1
        table.add_row(escape(str(row.run)) + mark, f"{row.episodes:,}", *_format_amount(row.mean), end_section=last)
    table.add_row("in all", f"{forecast.episodes:,}", *_format_amount(forecast.mean))
    table.add_row("in all, by the busiest stand-in", "", *_format_amount(forecast.busiest))
    return table


def _format_amount(amount: UsageAmount) -> tuple[str, ...]:
    return tuple(f"{value:,.0f}" for value in (amount.calls, amount.input_tokens, amount.output_tokens))


def _build_cost_table(plan: RunPlan, forecast: CostForecast) -> Table:
    table = Table(title="per model: cost in US dollars")
    for name in ("model", "expected", "by the busiest stand-in", "price per million tokens"):
        table.add_column(name, justify="left" if name == "model" else "right")
    costs: list[float] = []
    for model in plan.models:
        price = plan.design.prices.get(model)
        if price is None:
            table.add_row(escape(model), "no price", "", "name one under prices")
            continue
        costs.append(forecast.mean.cost(price))
        price_text = f"{price.input:g} in, {price.output:g} out, as of {price.as_of}"
        table.add_row(escape(model), f"{costs[-1]:,.2f}", f"{forecast.busiest.cost(price):,.2f}", price_text)
    if not plan.models:
        table.add_row("none named yet", "", "", "name one with --model")
    if len(costs) > 1:
        table.add_row("in all, of those with a price", f"{sum(costs):,.2f}", "", "")
    return table


def _list_caveats(forecast: CostForecast, figures: MeasuredUsage) -> list[str]:
    from advocate_evals.experiments.cost_forecast import SECONDS

    episodes = sum(usage.episodes for usage in (*figures.without_probes, *figures.with_probes))
    policies = ", ".join(usage.policy for usage in figures.without_probes)
    lines = [
        f"At {SECONDS} seconds a call and {forecast.connections} parallel calls: "
        f"about {forecast.hours:.1f} hours per model.",
        f"Episodes are exact. Calls and tokens come from {episodes} episodes of {figures.task}, played by scripted "
        f"stand-ins ({policies}), not by a model: a real one takes more or fewer turns and writes more, above all "
        "where it reasons.",
        "A token is counted as four characters. Cached input is not counted: with a provider's cache, input costs "
        "much less.",
        "Models in roles, such as a grader, are not counted.",
    ]
    if not all(row.was_measured for row in forecast.rows):
        lines.append(f"* No episode of this kind was measured; these are figures of {figures.task}.")
    if any(row.run.task == "gate" for row in forecast.rows):
        lines.append("Of a gate, the most episodes that it can take are counted; it ends as soon as it can decide.")
    if not figures.current:
        lines.append("The data has changed since this was measured: advocate-evals run --measure measures it again.")
    return lines
