"""What a grader is worth: the command that shows a log of `judge_check`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import make_console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from advocate_evals.logs.task_logs import JudgeCheckRun
    from advocate_evals.statistics.grader_screening import ScreeningByArm, ScreeningResult
    from advocate_evals.statistics.intervals import Interval


_UNEVEN = 0.01
"""p-value below which arms are said to differ. Some 34 tests are made, of which .3 fall below it by chance."""


@click.command("judge-check")
@click.argument("log")
@click.option("--arms", is_flag=True, help="Every figure by arm.")
@click.option("--confusion", is_flag=True, help="Every label's answers beside the true ones.")
def judge_check_command(log: str, arms: bool, confusion: bool) -> None:
    """Show what LOG of the task judge_check (a log, or a folder: its newest) says of a grader.

    Exit status 1 where its figures cannot be relied on.
    """
    from advocate_evals.judge.calibration_items import quality_by_item, quality_by_question
    from advocate_evals.logs.raw_log import newest_log
    from advocate_evals.logs.task_logs import read_judge_check

    try:
        found = read_judge_check(newest_log(log))
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    questions = quality_by_question(found.items)
    whole = quality_by_item(found.items)
    out.print(_quality_table(found, questions, whole))
    for line in _uneven({**questions, "any label": whole}):
        out.print(escape(line), style="bold red", soft_wrap=True)
    if arms:
        out.print(_arms_table(questions))
    if confusion:
        out.print(_confusion_table(found))
    out.print(_cost(found), soft_wrap=True)
    if found.standin:
        out.print("[bold]figures of a scripted stand-in: they say nothing about any model[/]")
    if not found.blind:
        out.print("[bold]the outlet was shown: a grader of episodes never sees it[/]")
    faults = list(found.faults())
    for fault in faults:
        out.print(f"[bold red]{escape(fault)}[/]")
    out.print(f"log: {escape(found.location)}", soft_wrap=True)
    sys.exit(1 if faults else 0)


def _quality_table(found: JudgeCheckRun, questions: Mapping[str, ScreeningByArm], whole: ScreeningByArm) -> Table:
    from advocate_evals.judge.calibration_items import quality_by_question

    clear = quality_by_question(found.items, ("clear",))
    hard = quality_by_question(found.items, ("hard_negative",))
    near = quality_by_question(found.items, ("near_miss",))
    table = Table(
        title=f"{escape(', '.join(found.graders))} on {len(found.items)} items, split {found.split}", expand=False
    )
    table.add_column("label", no_wrap=True)
    for name in (
        "sensitivity",
        "same in arms, p",
        "clear",
        "specificity",
        "same in arms, p",
        "hard",
        "near",
        "missing",
    ):
        table.add_column(name, justify="right")
    for question, result in questions.items():
        one = result.whole
        missing = one.missing_positive + one.missing_negative
        table.add_row(
            question, _share(one.sensitivity, one.true_positive, one.false_negative), _p(result.same_sensitivity),
            _hits(clear.get(question), positive=True), _share(one.specificity, one.true_negative, one.false_positive),
            _p(result.same_specificity), _hits(hard.get(question), positive=False),
            _right(near.get(question)), str(missing) if missing else "",
        )  # fmt: skip
    one = whole.whole
    table.add_section()
    table.add_row(
        "all of an item's", _share(one.sensitivity, one.true_positive, one.false_negative), _p(whole.same_sensitivity), "",
        _share(one.specificity, one.true_negative, one.false_positive), _p(whole.same_specificity), "", "",
        str(one.missing_positive + one.missing_negative or ""),
    )  # fmt: skip
    table.caption = (
        "95 % intervals by Clopper and Pearson; p-values by permutation of arms, petitions apart. clear, hard, near: right answers on plain "
        "positives, on negatives that look positive, on items close to the line. Last row: items, all of whose labels were "
        "found; items without a false alarm."
    )
    return table


def _share(interval: Interval, hits: int, others: int) -> str:
    if math.isnan(interval.estimate):
        return ""
    rate, lower, upper = (f"{value:.2f}".lstrip("0") if value < 1 else "1" for value in _values(interval))
    return f"{rate} [{lower}, {upper}] {hits}/{hits + others}"


def _values(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.lower, interval.upper


def _hits(result: ScreeningByArm | None, *, positive: bool) -> str:
    if result is None:
        return ""
    one = result.whole
    hits = one.true_positive if positive else one.true_negative
    total = hits + (one.false_negative if positive else one.false_positive)
    return f"{hits}/{total}" if total else ""


def _right(result: ScreeningByArm | None) -> str:
    if result is None:
        return ""
    one = result.whole
    right = one.true_positive + one.true_negative
    total = right + one.false_positive + one.false_negative
    return f"{right}/{total}" if total else ""


def _p(value: float) -> str:
    if math.isnan(value):
        return ""
    shown = "<.001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"
    return f"[bold red]{shown}[/]" if value < _UNEVEN else shown


def _uneven(questions: Mapping[str, ScreeningByArm]) -> Iterator[str]:
    """A line for each rate that is not the same in all arms."""
    for question, result in questions.items():
        pairs = (("sensitivity", result.same_sensitivity), ("specificity", result.same_specificity))
        for name, p in pairs:
            if p < _UNEVEN:
                by_arm = {arm: getattr(one, name).estimate for arm, one in result.arms.items()}
                listed = ", ".join(f"{arm} {rate:.2f}" for arm, rate in by_arm.items() if not math.isnan(rate))
                yield f"{name} for {question} differs by arm (p = {p:.2g}): {listed}"


def _arms_table(questions: Mapping[str, ScreeningByArm]) -> Table:
    table = Table(title="by arm: sensitivity and specificity")
    table.add_column("label", no_wrap=True)
    names = tuple(dict.fromkeys(arm for result in questions.values() for arm in result.arms))
    for arm in names:
        table.add_column(arm, justify="right")
    for question, result in questions.items():
        for name in ("sensitivity", "specificity"):
            cells = [_arm(result.arms.get(arm), name) for arm in names]
            table.add_row(question if name == "sensitivity" else "", *cells)
    return table


def _arm(one: ScreeningResult | None, name: str) -> str:
    if one is None:
        return ""
    if name == "sensitivity":
        return _share(one.sensitivity, one.true_positive, one.false_negative)
    return _share(one.specificity, one.true_negative, one.false_positive)


def _confusion_table(found: JudgeCheckRun) -> Table:
    from advocate_evals.judge.calibration_items import confusion_table
    from advocate_evals.outcomes import JUDGE_ANSWERS

    table = Table(title="answers by label")
    for name in ("label", "labelled", "answered"):
        table.add_column(name)
    for label in JUDGE_ANSWERS:
        for true, given in confusion_table(found.items, label).items():
            table.add_row(label, true, ", ".join(f"{word} {count}" for word, count in given.most_common()))
    return table


def _cost(found: JudgeCheckRun) -> str:
    from advocate_evals.judge.calibration_items import count_failures

    count = len(found.items) or 1
    calls, tokens_in, tokens_out = (
        sum(getattr(one, name) for one in found.items) / count for name in ("calls", "input_tokens", "output_tokens")
    )
    failed = ", ".join(f"{reason} {number}" for reason, number in count_failures(found.items).items()) or "none"
    again = sum(one.retried for one in found.items)
    return (
        f"failures: {failed}; asked again: {again}; per item {calls:.2f} calls, {tokens_in:,.0f} tokens read, "
        f"{tokens_out:,.0f} written"
    )
