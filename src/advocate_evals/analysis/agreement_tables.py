"""How far rule, grader and people agree, the grader's quality by people's labels, and rates corrected for errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportTable, TableCell
from advocate_evals.analysis.grader_robustness import PairedLabels, pair_labels
from advocate_evals.logs.raw_log import LogInfo
from advocate_evals.outcomes import JUDGE_OUTCOMES, LEDGER_OUTCOMES, OUTCOMES
from advocate_evals.scenarios.arm_order import order_arms
from advocate_evals.statistics.grader_quality import GraderQuality, estimate_grader_quality
from advocate_evals.statistics.grader_screening import cohen_kappa_interval
from advocate_evals.statistics.intervals import Effect, Interval
from advocate_evals.statistics.misclassification import CorrectedRates, correct_rates

_RULE_AND_GRADER = (("threatened", "coerced"), ("refused", "declined"))
"""Outcomes by rule and by grader that speak of the same thing, where a grader read the texts."""
_RECORD_NAMES = {"actions": "texts to others", "judge": "whole record"}
"""What graders are shown, by the scorer that asks them."""
_EFFORT_METRICS = ("asked", "by_rules", "calls_saved", "grader_calls", "grader_input_tokens", "grader_output_tokens")


def rule_judge_tables(episodes: pd.DataFrame) -> Iterator[ReportTable]:
    """Rule against grader in two-way tables, by model and arm."""
    table_rows: list[tuple[TableCell, ...]] = []
    for rule, judge in _RULE_AND_GRADER:
        has_pair = episodes[rule].notna() & episodes[judge].notna() & (episodes["texts_read"] == 1.0)
        for model, rows in episodes[has_pair].groupby("model", sort=True):
            table_rows.append(_agreement_row(str(model), "all arms", rule, rows[rule], rows[judge]))
            for arm in order_arms(list(rows["arm"])):
                arm_rows = rows[rows["arm"] == arm]
                table_rows.append(_agreement_row(str(model), arm, rule, arm_rows[rule], arm_rows[judge]))
    yield ReportTable(
        key="agreement.rule_judge",
        section="agreement",
        title="Rule and grader on the same episodes",
        columns=("model", "arm", "outcome", "both", "rule only", "grader only", "neither", "κ [95 %]"),
        rows=tuple(table_rows),
        standin=bool(episodes["standin"].any()),
        method="counts of episodes that both rule and grader scored; Cohen's κ",
        notes=("κ depends on the base rate: with the same grader it is lower for rare outcomes.",),
    )


def _agreement_row(
    model: str, arm: str, outcome: str, by_rule: pd.Series, by_judge: pd.Series
) -> tuple[TableCell, ...]:
    rule, judge = by_rule.to_numpy() == 1.0, by_judge.to_numpy() == 1.0
    counts = [
        int((rule & judge).sum()),
        int((rule & ~judge).sum()),
        int((~rule & judge).sum()),
        int((~rule & ~judge).sum()),
    ]
    kappa = cohen_kappa_interval([[counts[0], counts[1]], [counts[2], counts[3]]])
    return (model, arm, outcome, *counts, _format_interval(kappa))


def judging_tables(logs: Sequence[LogInfo]) -> Iterator[ReportTable]:
    """What each log's results say of its judge: how far several graders agree, and what judging cost."""
    judged_logs = [log for log in logs if not log.problem and log.judging]
    has_standin = any(log.standin for log in judged_logs)
    yield ReportTable(
        key="agreement.graders",
        section="agreement",
        title="Agreement between graders",
        columns=("model", "task", "graders", "shown", "figure", "α", "episodes"),
        rows=tuple(row for log in judged_logs for row in _alpha_rows(log)),
        standin=has_standin,
        method="Krippendorff's α of the graders' votes in a log, over episodes with two or more votes",
        notes=("α measures agreement, not correctness, and is lower for rare outcomes.",),
    )
    yield ReportTable(
        key="agreement.effort",
        section="agreement",
        title="Cost of judging",
        columns=(
            *("model", "task", "graders", "shown", "episodes judged", "left to rules", "calls saved, %", "calls each"),
            *("tokens read each", "tokens written each"),
        ),
        rows=tuple(
            (log.model, log.task, log.graders, record_name, *(_effort_cell(metrics, name) for name in _EFFORT_METRICS))
            for log in judged_logs
            for record_name, metrics in _split_judging(log)
        ),
        standin=has_standin,
        method=(
            "from each log's results; the forms about texts and about the whole record, without the rating of "
            "desperation and the debrief accounts"
        ),
    )


def _split_judging(log: LogInfo) -> Iterator[tuple[str, dict[str, float]]]:
    """What graders were shown, and the metrics about it."""
    for scorer, record_name in _RECORD_NAMES.items():
        metrics = {
            name.partition(".")[2]: value
            for name, value in (log.judging or {}).items()
            if name.startswith(f"{scorer}.")
        }
        if metrics:
            yield record_name, metrics


def _alpha_rows(log: LogInfo) -> Iterator[tuple[TableCell, ...]]:
    for record_name, metrics in _split_judging(log):
        for key in (*LEDGER_OUTCOMES, *JUDGE_OUTCOMES):
            if f"{key}_alpha" in metrics:
                alpha, episodes = round(metrics[f"{key}_alpha"], 3), int(metrics[f"{key}_voted"])
                yield (log.model, log.task, log.graders, record_name, key, alpha, episodes)


def _effort_cell(metrics: dict[str, float], name: str) -> TableCell:
    value = metrics.get(name)
    if value is None:
        return None
    if name == "calls_saved":
        return round(100 * value, 1)
    return round(value, 2) if name == "grader_calls" else round(value)


def label_quality_tables(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[ReportTable]:
    """The quality of rule and grader by people's labels, arm by arm."""
    if labels is None:
        return
    main = episodes[episodes["task"] == MAIN_TASK]
    arms = order_arms(list(main["arm"]))
    table_rows: list[tuple[TableCell, ...]] = []
    for outcome in (name for name in labels.columns if name in OUTCOMES and OUTCOMES[name].is_event):
        pairs = pair_labels(main, labels, outcome, tuple((arm,) for arm in arms))
        if pairs is None:
            continue
        has_label = np.array([not np.isnan(column).all() for column in pairs.human.T])
        graded, human = pairs.graded[:, has_label], pairs.human[:, has_label]
        labelled_arms = [arm for arm, is_labelled in zip(arms, has_label, strict=True) if is_labelled]
        qualities = estimate_grader_quality(graded, human)
        table_rows += [
            _quality_row(outcome, arm, quality) for arm, quality in zip(labelled_arms, qualities, strict=True)
        ]
    yield ReportTable(
        key="correction.quality",
        section="correction",
        title="Sensitivity and specificity of rule and grader, by human labels",
        columns=(
            *("outcome", "arm", "true positive", "false positive", "false negative", "true negative"),
            *("sensitivity", "specificity", "false positives at most", "κ", "labelled of negatives"),
            *("labelled of positives", "why not"),
        ),
        rows=tuple(table_rows),
        standin=bool(main["standin"].any()),
        method="by arm, weighted by the labelled share of each verdict; 95 % intervals; for description",
    )


def _quality_row(outcome: str, arm: str, quality: GraderQuality) -> tuple[TableCell, ...]:
    return (
        outcome,
        arm,
        quality.true_positive,
        quality.false_positive,
        quality.false_negative,
        quality.true_negative,
        _format_interval(quality.sensitivity),
        _format_interval(quality.specificity),
        quality.most_false_positive,
        _format_interval(quality.kappa),
        *quality.labelled_shares,
        quality.insufficient,
    )


def _format_interval(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "–"
    if math.isnan(interval.lower):
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} [{interval.lower:.2f}, {interval.upper:.2f}]"


def correction_charts(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[Chart]:
    """For each model and labelled event: its rate by arm, and its falls from the first arm, as graded and corrected."""
    if labels is None:
        return
    for model, rows in episodes[episodes["task"] == MAIN_TASK].groupby("model", sort=True):
        arms = order_arms(list(rows["arm"]))
        standin = bool(rows["standin"].any())
        for outcome in (name for name in labels.columns if name in OUTCOMES and OUTCOMES[name].is_event):
            pairs = pair_labels(rows, labels, outcome, tuple((arm,) for arm in arms))
            if pairs is not None:
                corrected = correct_rates(pairs.graded, pairs.human, clusters=pairs.blocks)
                yield _corrected_rates_chart(str(model), outcome, arms, pairs, corrected, standin)
                yield _corrected_falls_chart(str(model), outcome, arms, corrected, standin)


def _corrected_rates_chart(
    model: str, outcome: str, arms: Sequence[str], pairs: PairedLabels, corrected: CorrectedRates, standin: bool
) -> Chart:
    counts = [int(column.sum()) for column in (~pd.isna(pairs.graded)).T]
    as_graded = [_rate_point(*arm, outcome) for arm in zip(arms, corrected.raw, counts, strict=True)]
    by_labels = [_rate_point(*arm, outcome) for arm in zip(arms, corrected.rates, corrected.labels, strict=True)]
    return Chart(
        key=f"correction.{outcome}.{model}",
        section="correction",
        title=f"{outcome.replace('_', ' ')}, as graded and corrected by human labels: {model}",
        x_label="arm",
        y_label=OUTCOMES[outcome].about,
        unit="share",
        series=_build_series(model, standin, (("as graded", as_graded), ("corrected by labels", by_labels))),
        method=(
            "as graded: clustered Wilson limits; corrected: by arm, post-stratified by the grader's verdict, with "
            "Jeffreys limits for the share of true positives in each stratum. n of corrected points counts labels"
        ),
        notes=(corrected.insufficient,) if corrected.insufficient else (),
    )


def _corrected_falls_chart(
    model: str, outcome: str, arms: Sequence[str], corrected: CorrectedRates, standin: bool
) -> Chart:
    labels = [f"{arms[0]} → {arm}" for arm in arms[1:]]
    by_method = (
        ("as graded", corrected.raw_differences),
        ("corrected by labels", corrected.differences),
        ("one error rate for all arms (Rogan and Gladen)", corrected.rogan_gladen),
    )
    rows = [
        (title, [_fall_point(label, effect, outcome) for label, effect in zip(labels, effects, strict=True)])
        for title, effects in by_method
    ]
    return Chart(
        key=f"correction.falls.{outcome}.{model}",
        section="correction",
        title=f"Falls in {outcome.replace('_', ' ')}, uncorrected and corrected for grader errors: {model}",
        x_label="arms",
        y_label="fall from the first arm to the second",
        unit="difference",
        reference=0.0,
        series=_build_series(model, standin, rows),
        method=(
            "MOVER limits, 95 %; the last row assumes equal error rates of the grader in all arms and is biased "
            "otherwise"
        ),
    )


def _build_series(model: str, standin: bool, rows: Iterable[tuple[str, list[ChartPoint]]]) -> tuple[ChartSeries, ...]:
    return tuple(ChartSeries(name=name, model=model, standin=standin, points=tuple(points)) for name, points in rows)


def _rate_point(arm: str, rate: Interval, number: int, outcome: str) -> ChartPoint:
    point = ChartPoint(label=arm, arm=arm, outcome=outcome, n=number)
    if math.isnan(rate.estimate):
        return point.model_copy(update={"note": "not corrected: no labels for one of the grader's answers in this arm"})
    limits = {"value": rate.estimate, "lower": rate.lower, "upper": rate.upper, "blocks": number}
    return ChartPoint(**(point.model_dump() | limits))


def _fall_point(label: str, effect: Effect, outcome: str) -> ChartPoint:
    if effect.insufficient or math.isnan(effect.estimate):
        return ChartPoint(label=label, outcome=outcome, blocks=effect.blocks, note=effect.insufficient)
    return ChartPoint(
        label=label,
        outcome=outcome,
        value=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        n=effect.blocks,
        blocks=effect.blocks,
    )
