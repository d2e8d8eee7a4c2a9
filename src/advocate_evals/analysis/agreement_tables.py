"""How far rule, grader and people agree, and how good the grader is by people's labels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK, order_arms
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportTable, TableCell
from advocate_evals.analysis.grader_correction import PairedLabels, pair_labels
from advocate_evals.logs.raw_log import LogInfo
from advocate_evals.outcomes import JUDGE_OUTCOMES, OUTCOMES
from advocate_evals.statistics.grader_quality import GraderQuality, check_grader, estimate_grader_quality
from advocate_evals.statistics.intervals import Effect, Interval
from advocate_evals.statistics.misclassification import CorrectedRates, correct_rates
from advocate_evals.statistics.rater_agreement import cohen_kappa_interval

_SAME_THING = (("coerced", "judge_coercion"), ("objected", "judge_objection"), ("refused", "judge_refusal"))
"""Figures of rule and grader that speak of the same thing."""


def rule_judge_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Rule against grader in two-way tables, by subject and arm."""
    found: list[tuple[TableCell, ...]] = []
    for ruled, graded in _SAME_THING:
        both = episodes[episodes[ruled].notna() & episodes[graded].notna()]
        for model, rows in both.groupby("model", sort=True):
            found.append(_row(str(model), "all arms", ruled, rows[ruled], rows[graded]))
            for arm in order_arms(list(rows["arm"])):
                inside = rows[rows["arm"] == arm]
                found.append(_row(str(model), arm, ruled, inside[ruled], inside[graded]))
    yield ReportTable(
        key="agreement.rule_judge",
        section="agreement",
        title="Rule and grader on the same episodes",
        columns=("model", "arm", "outcome", "both", "rule only", "grader only", "neither", "κ [95 %]"),
        rows=tuple(found),
        standin=bool(episodes["standin"].any()),
        how="counts of episodes that both have spoken on; Cohen's κ",
        notes=("κ falls with the rate under an unchanged grader, so it is no measure of how good a grader is.",),
    )


def judging_tables(logs: Sequence[LogInfo]) -> Iterator[ReportTable]:
    """What each log's results say of its judge: how far several graders agree, and what asking took."""
    told = [log for log in logs if not log.problem and log.judging]
    yield ReportTable(
        key="agreement.graders",
        section="agreement",
        title="Graders among themselves",
        columns=("model", "task", "graders", "figure", "α", "episodes"),
        rows=tuple(
            (
                log.model,
                log.task,
                log.graders,
                figure,
                round(log.judging[f"{figure}_alpha"], 3),
                int(log.judging[f"{figure}_voted"]),
            )
            for log in told
            for figure in JUDGE_OUTCOMES
            if log.judging and f"{figure}_alpha" in log.judging
        ),
        standin=any(log.standin for log in told),
        how="Krippendorff's α of the graders' votes in a log, over episodes that two or more voted on",
        notes=("α says how far graders agree, not how often they are right, and falls where a figure is rare.",),
    )
    yield ReportTable(
        key="agreement.effort",
        section="agreement",
        title="What judging took",
        columns=("model", "task", "graders", "episodes judged", "left to rules", "calls saved, %", "calls each", "tokens read each", "tokens written each"),
        rows=tuple((log.model, log.task, log.graders, *map(_effort(log), _EFFORT)) for log in told),
        standin=any(log.standin for log in told),
        how="as each log's results state it; the judge's form only, without the rating of desperation and accounts",
    )  # fmt: skip


_EFFORT = ("asked", "by_rules", "calls_saved", "grader_calls", "grader_input_tokens", "grader_output_tokens")


def _effort(log: LogInfo) -> Callable[[str], TableCell]:
    def shown(name: str) -> TableCell:
        value = (log.judging or {}).get(name)
        if value is None:
            return None
        return (
            round(100 * value, 1)
            if name == "calls_saved"
            else round(value, 2)
            if name == "grader_calls"
            else round(value)
        )

    return shown


def _row(model: str, arm: str, outcome: str, ruled: pd.Series, graded: pd.Series) -> tuple[TableCell, ...]:
    yes, said = ruled.to_numpy() == 1.0, graded.to_numpy() == 1.0
    counts = [int((yes & said).sum()), int((yes & ~said).sum()), int((~yes & said).sum()), int((~yes & ~said).sum())]
    return (
        model,
        arm,
        outcome,
        *counts,
        _interval(cohen_kappa_interval([[counts[0], counts[1]], [counts[2], counts[3]]])),
    )


def label_quality_tables(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[ReportTable]:
    """The quality of rule and grader by people's labels, arm by arm, and whether it is even enough."""
    if labels is None:
        return
    main = episodes[episodes["task"] == MAIN_TASK]
    arms = order_arms(list(main["arm"]))
    found: list[tuple[TableCell, ...]] = []
    notes: list[str] = []
    for outcome in (name for name in labels.columns if name in OUTCOMES and OUTCOMES[name].share):
        pairs = pair_labels(main, labels, outcome, tuple((arm,) for arm in arms))
        if pairs is None:
            continue
        there = np.array([not np.isnan(column).all() for column in pairs.human.T])
        rows = estimate_grader_quality(pairs.graded[:, there], pairs.human[:, there])
        named = [arm for arm, kept in zip(arms, there, strict=True) if kept]
        found += [_quality(outcome, arm, one) for arm, one in zip(named, rows, strict=True)]
        reasons = check_grader(pairs.graded[:, there], pairs.human[:, there]).reasons
        notes += [f"{outcome}: {_named(reason, named)}" for reason in reasons]
    yield ReportTable(
        key="correction.quality",
        section="correction",
        title="Rule and grader by people's labels",
        columns=(
            "outcome", "arm", "true positive", "false positive", "false negative", "true negative", "sensitivity", "specificity",
            "false positives at most", "κ", "labelled of negatives", "labelled of positives", "why not",
        ),
        rows=tuple(found),
        standin=bool(main["standin"].any()),
        how="arm by arm, weighted by how many of each verdict were labelled; 95 % intervals",
        notes=tuple(notes),
    )  # fmt: skip


def _named(reason: str, arms: Sequence[str]) -> str:
    """A reason of the gate with the arm in the place of its number."""
    return re.sub(r"\bcondition (\d+)\b", lambda found: arms[int(found[1])], reason)


def _quality(outcome: str, arm: str, one: GraderQuality) -> tuple[TableCell, ...]:
    counts = (one.true_positive, one.false_positive, one.false_negative, one.true_negative)
    shown = (_interval(one.sensitivity), _interval(one.specificity))
    return outcome, arm, *counts, *shown, one.most_false_positive, _interval(one.kappa), *one.sampling, one.insufficient


def _interval(found: Interval) -> str:
    if math.isnan(found.estimate):
        return "–"
    if math.isnan(found.lower):
        return f"{found.estimate:.2f}"
    return f"{found.estimate:.2f} [{found.lower:.2f}, {found.upper:.2f}]"


# --- Figures along the arms as graded and as they are by people's labels, side by side. ---


def correction_charts(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[Chart]:
    """For each subject and labelled outcome that happens or does not: its rate by arm, and its falls from the first arm."""
    if labels is None:
        return
    for model, rows in episodes[episodes["task"] == MAIN_TASK].groupby("model", sort=True):
        arms = order_arms(list(rows["arm"]))
        for outcome in (name for name in labels.columns if name in OUTCOMES and OUTCOMES[name].event):
            pairs = pair_labels(rows, labels, outcome, tuple((arm,) for arm in arms))
            if pairs is not None:
                found = correct_rates(pairs.graded, pairs.human, clusters=pairs.blocks)
                yield from _both(str(model), outcome, arms, pairs, found, bool(rows["standin"].any()))


def _both(
    model: str, outcome: str, arms: Sequence[str], pairs: PairedLabels, found: CorrectedRates, standin: bool
) -> Iterator[Chart]:
    name = outcome.replace("_", " ")

    def series(title: str, points: Iterator[ChartPoint]) -> ChartSeries:
        return ChartSeries(name=title, model=model, standin=standin, points=tuple(points))

    counts = [int(column.sum()) for column in (~pd.isna(pairs.graded)).T]
    yield Chart(
        key=f"correction.{outcome}.{model}",
        section="correction",
        title=f"{name}, as graded and by people's labels: {model}",
        x="arm",
        y=OUTCOMES[outcome].about,
        unit="share",
        series=(
            series("as graded", (_rate(*each) for each in zip(arms, found.raw, counts, strict=True))),
            series("corrected by labels", (_rate(*each) for each in zip(arms, found.rates, found.labels, strict=True))),
        ),
        how="clustered Wilson limits as graded; corrected arm by arm, post-stratified by the grader's verdict, Jeffreys limits for "
        "the share of true ones among each verdict. n of the corrected points is labels",
        notes=(found.insufficient,) if found.insufficient else (),
    )
    falls = [f"{arms[0]} → {arm}" for arm in arms[1:]]
    rows = (
        ("as graded", found.raw_differences),
        ("corrected by labels", found.differences),
        ("one error rate for all arms (Rogan and Gladen)", found.rogan_gladen),
    )
    yield Chart(
        key=f"correction.falls.{outcome}.{model}",
        section="correction",
        title=f"Falls in {name}, with the grader's errors and without: {model}",
        x="arms",
        y="fall from the first arm to the second",
        unit="difference",
        reference=0.0,
        series=tuple(
            series(title, (_fall(*each) for each in zip(falls, effects, strict=True))) for title, effects in rows
        ),
        how="MOVER limits, 95 %; the last row assumes that the grader errs alike in all arms and is wrong where it does not",
    )


def _rate(label: str, found: Interval, number: int) -> ChartPoint:
    if math.isnan(found.estimate):
        return ChartPoint(label=label, n=number, note="no correction: some verdict has no label here")
    return ChartPoint(label=label, value=found.estimate, lower=found.lower, upper=found.upper, n=number, blocks=number)


def _fall(label: str, found: Effect) -> ChartPoint:
    if found.insufficient or math.isnan(found.estimate):
        return ChartPoint(label=label, blocks=found.blocks, note=found.insufficient)
    return ChartPoint(
        label=label, value=found.estimate, lower=found.lower, upper=found.upper, n=found.blocks, blocks=found.blocks
    )
