"""The command that shows a grader's sensitivity and specificity, from a log of `judge_check`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from advocate_evals.cli.console import STANDIN_WARNING, make_console, print_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from advocate_evals.logs.task_logs import JudgeCheckRun
    from advocate_evals.statistics.grader_screening import ScreeningByArm, ScreeningResult
    from advocate_evals.statistics.intervals import Interval


_MAX_P_VALUE = 0.01
"""p-value below which arms are said to differ. Some 34 tests are made, of which .3 fall below it by chance."""

_COLUMNS = ("sensitivity", "equal in arms, p", "clear", "specificity", "equal in arms, p", "hard", "near", "missing")
_CAPTION = (
    "95 % intervals by Clopper and Pearson; p-values by permutation of arms, within items with and without a petition. "
    "clear, hard, near: correct answers on clear positives, on negatives that look positive, on borderline items. "
    "Last row: share of items with all labels found (sensitivity) and without a false positive (specificity)."
)


@click.command("judge-check")
@click.argument("log", required=False)
@click.option(
    "--items",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Ask a grader about your own labelled items (format of datasets/judge_calibration); needs --grader.",
)
@click.option("--grader", metavar="MODEL", help="The grader to ask, as Inspect names it.")
@click.option("--log-dir", default="logs", show_default=True, metavar="DIR", help="Folder for the log of that run.")
@click.option("--arms", is_flag=True, help="Also show sensitivity and specificity by arm.")
@click.option("--confusion", is_flag=True, help="Also show a confusion table for each label.")
def judge_check_command(
    log: str | None, items: tuple[str, ...], grader: str | None, log_dir: str, arms: bool, confusion: bool
) -> None:
    """Show a grader's sensitivity and specificity from LOG, a log of the task judge_check.

    LOG is a log file, or a folder whose newest log is read. With --items and --grader the grader is asked first, about
    items of your own. Exit status 1 if the log's figures cannot be relied on.
    """
    if bool(log) == bool(items) or bool(items) != bool(grader):
        raise click.UsageError("give either LOG, or --items FILE with --grader MODEL")
    from advocate_evals.experiments.run_design import run_judge_check
    from advocate_evals.judge.calibration_items import quality_by_item, quality_by_question
    from advocate_evals.logs.raw_log import newest_log
    from advocate_evals.logs.task_logs import read_judge_check

    try:
        location = run_judge_check(items, str(grader), log_dir) if items else newest_log(str(log))
        run = read_judge_check(location)
    except (FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    out = make_console()
    questions = quality_by_question(run.items)
    all_labels = quality_by_item(run.items)
    out.print(_build_quality_table(run, questions, all_labels))
    for line in _describe_uneven_rates({**questions, "any label": all_labels}):
        out.print(escape(line), style="bold red", soft_wrap=True)
    if arms:
        out.print(_build_arms_table(questions))
    if confusion:
        out.print(_build_confusion_table(run))
    out.print(_describe_cost(run), soft_wrap=True)
    if run.standin:
        out.print(f"[bold]{STANDIN_WARNING}[/]")
    if not run.blind:
        out.print("[bold]not blind: the grader was shown the outlet, which the judge of an episode never is[/]")
    status = print_faults(out, run.faults())
    out.print(f"log: {escape(run.location)}", soft_wrap=True)
    sys.exit(status)


def _build_quality_table(
    run: JudgeCheckRun, questions: Mapping[str, ScreeningByArm], all_labels: ScreeningByArm
) -> Table:
    from advocate_evals.judge.calibration_items import quality_by_question

    clear = quality_by_question(run.items, ("clear",))
    hard = quality_by_question(run.items, ("hard_negative",))
    near = quality_by_question(run.items, ("near_miss",))
    title = f"{escape(', '.join(run.graders))} on {len(run.items)} items, split {run.split}"
    table = Table(title=title, caption=_CAPTION, expand=False)
    table.add_column("label", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for question, quality in questions.items():
        table.add_row(
            question,
            _format_sensitivity(quality.overall),
            _format_p_value(quality.same_sensitivity),
            _count_positive_hits(clear.get(question)),
            _format_specificity(quality.overall),
            _format_p_value(quality.same_specificity),
            _count_negative_hits(hard.get(question)),
            _count_hits(near.get(question)),
            _count_missing(quality.overall),
        )
    table.add_section()
    table.add_row(
        "all labels, per item",
        _format_sensitivity(all_labels.overall),
        _format_p_value(all_labels.same_sensitivity),
        "",
        _format_specificity(all_labels.overall),
        _format_p_value(all_labels.same_specificity),
        "",
        "",
        _count_missing(all_labels.overall),
    )
    return table


def _format_sensitivity(result: ScreeningResult) -> str:
    return _format_share(result.sensitivity, result.true_positive, result.false_negative)


def _format_specificity(result: ScreeningResult) -> str:
    return _format_share(result.specificity, result.true_negative, result.false_positive)


def _format_share(interval: Interval, hits: int, misses: int) -> str:
    if math.isnan(interval.estimate):
        return ""
    values = (interval.estimate, interval.lower, interval.upper)
    rate, lower, upper = (f"{value:.2f}".lstrip("0") if value < 1 else "1" for value in values)
    return f"{rate} [{lower}, {upper}] {hits}/{hits + misses}"


def _format_p_value(p: float) -> str:
    if math.isnan(p):
        return ""
    text = "<.001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"
    return f"[bold red]{text}[/]" if p < _MAX_P_VALUE else text


def _count_positive_hits(quality: ScreeningByArm | None) -> str:
    if quality is None:
        return ""
    return _format_count(quality.overall.true_positive, quality.overall.false_negative)


def _count_negative_hits(quality: ScreeningByArm | None) -> str:
    if quality is None:
        return ""
    return _format_count(quality.overall.true_negative, quality.overall.false_positive)


def _count_hits(quality: ScreeningByArm | None) -> str:
    if quality is None:
        return ""
    result = quality.overall
    return _format_count(result.true_positive + result.true_negative, result.false_positive + result.false_negative)


def _format_count(hits: int, misses: int) -> str:
    return f"{hits}/{hits + misses}" if hits + misses else ""


def _count_missing(result: ScreeningResult) -> str:
    missing = result.missing_positive + result.missing_negative
    return str(missing) if missing else ""


def _describe_uneven_rates(questions: Mapping[str, ScreeningByArm]) -> Iterator[str]:
    """A line for each rate that is not the same in all arms."""
    for question, quality in questions.items():
        tests = (("sensitivity", quality.same_sensitivity), ("specificity", quality.same_specificity))
        for name, p in tests:
            if p < _MAX_P_VALUE:
                by_arm = {arm: getattr(result, name).estimate for arm, result in quality.arms.items()}
                rates = ", ".join(f"{arm} {rate:.2f}" for arm, rate in by_arm.items() if not math.isnan(rate))
                yield f"{name} for {question} differs by arm (p = {p:.2g}): {rates}"


def _build_arms_table(questions: Mapping[str, ScreeningByArm]) -> Table:
    table = Table(title="by arm: sensitivity and specificity")
    table.add_column("label", no_wrap=True)
    arms = tuple(dict.fromkeys(arm for quality in questions.values() for arm in quality.arms))
    for arm in arms:
        table.add_column(arm, justify="right")
    for question, quality in questions.items():
        results = [quality.arms.get(arm) for arm in arms]
        table.add_row(question, *(_format_sensitivity(result) if result else "" for result in results))
        table.add_row("", *(_format_specificity(result) if result else "" for result in results))
    return table


def _build_confusion_table(run: JudgeCheckRun) -> Table:
    from advocate_evals.judge.calibration_items import confusion_table
    from advocate_evals.scenarios.closed_answers import ALL_ANSWERS

    table = Table(title="answers by label")
    for name in ("label", "labelled", "answered"):
        table.add_column(name)
    for label in ALL_ANSWERS:
        for truth, answers in confusion_table(run.items, label).items():
            table.add_row(label, truth, ", ".join(f"{answer} {count}" for answer, count in answers.most_common()))
    return table


def _describe_cost(run: JudgeCheckRun) -> str:
    from advocate_evals.judge.calibration_items import count_failures

    count = len(run.items) or 1
    calls, input_tokens, output_tokens = (
        sum(getattr(item, name) for item in run.items) / count for name in ("calls", "input_tokens", "output_tokens")
    )
    failures = ", ".join(f"{reason} {number}" for reason, number in count_failures(run.items).items()) or "none"
    repeated = sum(item.retried for item in run.items)
    return (
        f"failures: {failures}; items asked again: {repeated}; per item {calls:.2f} calls, "
        f"{input_tokens:,.0f} input tokens, {output_tokens:,.0f} output tokens"
    )
