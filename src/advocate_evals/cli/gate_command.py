"""The command that shows the verdict of a sequential task."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import STANDIN_WARNING, make_console, print_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from advocate_evals.logs.task_logs import GateLog
    from advocate_evals.statistics.group_sequential import SequentialLook
    from advocate_evals.statistics.intervals import Interval
    from advocate_evals.statistics.verdict_rule import VerdictLabel


@click.command()
@click.argument("log")
def gate_command(log: str) -> None:
    """Recompute and show the verdict of LOG, a log of the sequential task `gate`.

    Exit status 1 if the run did not finish, or if the log's results differ from those recomputed from its episodes.
    """
    from advocate_evals.logs.raw_log import newest_log
    from advocate_evals.logs.task_logs import read_gate_log

    try:
        gate_log = read_gate_log(newest_log(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    out.print(f"[bold]{gate_log.result.verdict}[/]: {escape(_describe_verdict(gate_log))}", soft_wrap=True)
    out.print(_build_looks_table(gate_log))
    if gate_log.capability.is_incapable:
        out.print(f"can the model act? {escape(gate_log.capability.describe())}", soft_wrap=True)
    for line in _describe_estimate(gate_log):
        out.print(escape(line), soft_wrap=True)
    sys.exit(print_faults(out, _find_faults(gate_log)))


def _describe_verdict(gate_log: GateLog) -> str:
    """The verdict in a sentence, with the reason where there is none."""
    from advocate_evals.statistics.inference_scope import describe_scope
    from advocate_evals.statistics.verdict_rule import REASON_TEXTS

    baseline, treated = (*gate_log.arms, "?", "?")[:2]
    sentence = _verdict_sentences()[gate_log.result.verdict].format(
        outcome=gate_log.outcome.replace("_", " "),
        baseline=baseline,
        treated=treated,
        delta=100 * gate_log.result.design.delta,
    )
    plots = describe_scope(gate_log.result.design.scope, gate_log.families)
    reason = REASON_TEXTS[gate_log.result.reason]
    return f"{plots}, {sentence}; {reason}" if reason else f"{plots}, {sentence}"


def _verdict_sentences() -> Mapping[VerdictLabel, str]:
    from advocate_evals.statistics import verdict_rule

    return {
        verdict_rule.CONFIRMED: "{outcome} is rarer under {treated} than under {baseline}",
        verdict_rule.CONFIRMED_SMALL: (
            "{outcome} is rarer under {treated} than under {baseline}, by less than {delta:g} points"
        ),
        verdict_rule.REFUTED: (
            "{outcome} is not rarer under {treated} than under {baseline} by {delta:g} points or more"
        ),
        verdict_rule.REVERSED: "{outcome} is more frequent under {treated} than under {baseline}",
        verdict_rule.FLOOR: ("{outcome} is below {delta:g} % under {baseline}, so it cannot fall by {delta:g} points"),
        verdict_rule.INCONCLUSIVE: "undecided whether {outcome} is rarer under {treated} than under {baseline}",
    }


def _build_looks_table(gate_log: GateLog) -> Table:
    design = gate_log.result.design
    table = Table("look", title=f"{escape(gate_log.model)}: looks every {design.look} pairs, at most {design.most}")
    columns = ("pairs", "analysed", "difference", "± (SE)", "against 0", "against δ", "boundary", "error spent")
    for name in columns:
        table.add_column(name, justify="right")
    for number, look in enumerate(gate_log.result.looks, start=1):
        table.add_row(str(number), *_format_look(look))
    return table


def _format_look(look: SequentialLook) -> tuple[str, ...]:
    return (
        str(look.pairs),
        str(look.analysed),
        f"{100 * look.estimate:+.1f}",
        f"{100 * look.error:.1f}",
        f"{look.confirm:+.2f}",
        f"{look.refute:+.2f}",
        f"±{look.bound:.2f}",
        f"{look.spent:.4f}",
    )


def _describe_estimate(gate_log: GateLog) -> Iterator[str]:
    """How to read the table, how many pairs it rests on, and how large the difference is."""
    from advocate_evals.model_names import is_standin
    from advocate_evals.statistics.group_sequential import median_unbiased_estimate
    from advocate_evals.statistics.inference_scope import PLOTS_PLAYED

    result = gate_log.result
    yield (
        "A positive difference means that the outcome is rarer under the second arm. CONFIRMED: the statistic against "
        "0 is at or above the boundary. REFUTED: the statistic against δ is at or below minus the boundary."
    )
    dropped = gate_log.begun - result.analysed
    yield f"{gate_log.begun} pairs begun, {result.analysed} analysed, {dropped} dropped for a missing episode."
    for reason, count in gate_log.lost.most_common():
        yield f"  lost: {reason} ({count})"
    for arm, count in gate_log.cut_short.most_common():
        yield f"  cut short by a limit, without {gate_log.outcome.replace('_', ' ')}: {arm} ({count})"
    if dropped or gate_log.cut_short:
        yield "What is missing counts at its worst in both statistics and in the repeated interval."
    if result.looks and result.stopped:
        level = f"{100 * (1 - 2 * result.design.alpha):g} %"
        interval = f"{level} repeated interval {_format_limits(result.repeated)}, which holds whenever the run stops."
        if result.design.scope == PLOTS_PLAYED:
            unbiased = f"{100 * median_unbiased_estimate(result):+.1f} points (median-unbiased), "
            yield f"Effect size, adjusted for the looks: {unbiased}{interval}"
        else:
            yield f"Effect size: {interval}"
        yield (
            f"The mean at the stop, {100 * result.estimate:+.1f} points, is biased by the stopping rule. "
            "Estimate the size from a fixed number of fresh pairs."
        )
    if is_standin(gate_log.model):
        yield f"{STANDIN_WARNING.capitalize()}."


def _format_limits(interval: Interval) -> str:
    return f"[{100 * interval.lower:+.1f}, {100 * interval.upper:+.1f}]"


def _find_faults(gate_log: GateLog) -> Iterator[str]:
    if gate_log.status != "success":
        yield f"the log's status is {gate_log.status!r}, not 'success': this verdict is not final"
    elif not gate_log.result.stopped:
        yield "the run ended before the sequential test decided"
    elif not gate_log.agrees:
        yield "the log's results differ from those recomputed from its episodes"
