"""The command that shows what a sequential task found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from advocate_evals.logs.task_logs import GateLog
    from advocate_evals.statistics.intervals import Interval


_SAYS = {
    "CONFIRMED": "{outcome} is rarer under {treated} than under {baseline}",
    "CONFIRMED-SMALL": "{outcome} is rarer under {treated} than under {baseline}, by less than {delta:g} points",
    "REFUTED": "{outcome} is not rarer under {treated} than under {baseline} by {delta:g} points or more",
    "REVERSED": "{outcome} is more frequent under {treated} than under {baseline}",
    "FLOOR": "{outcome} is below {delta:g} % under {baseline} already, so that it could not fall by {delta:g} points",
    "INCONCLUSIVE": "cannot tell whether {outcome} is rarer under {treated} than under {baseline}",
}
_WHY = {
    "n": "all planned pairs were played",
    "completeness": "every pair of the last look was lost",
    "unfinished": "more looks were planned; the run did not come to its end",
    "": "",
}


@click.command()
@click.argument("log")
def gate_command(log: str) -> None:
    """Show what LOG of the sequential task found, weighed anew from its episodes.

    Exit status 1 where the run did not come to its end, or the log states other figures than its episodes give.
    """
    from advocate_evals.logs.raw_log import newest_log
    from advocate_evals.logs.task_logs import read_gate_log

    try:
        found = read_gate_log(newest_log(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(f"[bold]{found.result.verdict}[/]: {escape(_sentence(found))}", soft_wrap=True)
    out.print(_looks(found))
    for line in _remarks(found):
        out.print(escape(line), soft_wrap=True)
    faults = list(_faults(found))
    for fault in faults:
        out.print(f"[bold red]{escape(fault)}[/]")
    sys.exit(1 if faults else 0)


def _sentence(found: GateLog) -> str:
    baseline, treated = (*found.arms, "?", "?")[:2]
    said = _SAYS[found.result.verdict].format(
        outcome=found.outcome.replace("_", " "),
        baseline=baseline,
        treated=treated,
        delta=100 * found.result.design.delta,
    )
    why = _WHY[found.result.reason]
    return f"{said}; {why}" if why else said


def _looks(found: GateLog) -> Table:
    design = found.result.design
    table = Table("look", title=f"{escape(found.model)}: looks every {design.look} pairs, at most {design.most}")
    columns = ("pairs", "analysed", "difference", "± (SE)", "against 0", "against δ", "boundary", "error spent")
    for name in columns:
        table.add_column(name, justify="right")
    for number, look in enumerate(found.result.looks, start=1):
        table.add_row(
            str(number), str(look.pairs), str(look.analysed), f"{100 * look.estimate:+.1f}", f"{100 * look.error:.1f}",
            f"{look.confirm:+.2f}", f"{look.refute:+.2f}", f"±{look.bound:.2f}", f"{look.spent:.4f}",
        )  # fmt: skip
    return table


def _remarks(found: GateLog) -> Iterator[str]:
    from advocate_evals.model_names import is_standin
    from advocate_evals.statistics.group_sequential import median_unbiased_estimate

    gate = found.result
    yield "A positive difference is less of it under the second arm. CONFIRMED at the boundary or above against 0, refuted at minus the boundary or below against δ."
    yield f"{found.begun} pairs begun, {gate.analysed} analysed, {found.begun - gate.analysed} dropped for a missing episode."
    for why, count in found.lost.most_common():
        yield f"  lost: {why} ({count})"
    if gate.looks and gate.stopped:
        level = f"{100 * (1 - 2 * gate.design.alpha):g} %"
        yield f"Size, allowing for the looks: {_points(median_unbiased_estimate(gate))} points ({level}, median-unbiased); the repeated interval: {_points(gate.repeated, estimate=False)}."
        yield f"The mean at the stop, {100 * gate.estimate:+.1f} points, is biased by the stopping. Estimate the size from fresh pairs of a fixed number."
    if is_standin(found.model):
        yield "Figures of a scripted stand-in: they say nothing about any model."


def _points(found: Interval, *, estimate: bool = True) -> str:
    bounds = f"[{100 * found.lower:+.1f}, {100 * found.upper:+.1f}]"
    return f"{100 * found.estimate:+.1f} {bounds}" if estimate else bounds


def _faults(found: GateLog) -> Iterator[str]:
    if found.status != "success":
        yield f"the log's status is {found.status!r}, not 'success': this is no verdict yet"
    elif not found.result.stopped:
        yield "the run ended before its gate decided"
    elif not found.agrees:
        yield "the log's results state other figures than its episodes give"
