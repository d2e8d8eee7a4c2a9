"""How far rule, grader and people agree, and how good the grader is by people's labels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from advocate_evals.labels import JUDGE
from advocate_evals.measures import MEASURES
from advocate_evals.results.grader import paired
from advocate_evals.results.ladder import MAIN, ordered
from advocate_evals.results.logs import Log
from advocate_evals.results.shown import Cell, Table
from advocate_evals.statistics.agreement import kappa
from advocate_evals.statistics.labelled import Quality, gate, quality
from advocate_evals.statistics.results import Interval

_SAME_THING = (("coerced", "judge_coercion"), ("objected", "judge_objection"), ("refused", "judge_refusal"))
"""Figures of rule and grader that speak of the same thing."""


def rule_and_judge(episodes: pd.DataFrame) -> Iterator[Table]:
    """Rule against grader in two-way tables, by subject and arm."""
    found: list[tuple[Cell, ...]] = []
    for ruled, graded in _SAME_THING:
        both = episodes[episodes[ruled].notna() & episodes[graded].notna()]
        for model, rows in both.groupby("model", sort=True):
            found.append(_row(str(model), "all arms", ruled, rows[ruled], rows[graded]))
            for arm in ordered(list(rows["arm"])):
                inside = rows[rows["arm"] == arm]
                found.append(_row(str(model), arm, ruled, inside[ruled], inside[graded]))
    yield Table(
        key="agreement.rule_judge",
        section="agreement",
        title="Rule and grader on the same episodes",
        columns=("model", "arm", "outcome", "both", "rule only", "grader only", "neither", "κ [95 %]"),
        rows=tuple(found),
        standin=bool(episodes["standin"].any()),
        how="counts of episodes that both have spoken on; Cohen's κ",
        notes=("κ falls with the rate under an unchanged grader, so it is no measure of how good a grader is.",),
    )


def judging(logs: Sequence[Log]) -> Iterator[Table]:
    """What each log's results say of its judge: how far several graders agree, and what asking took."""
    told = [log for log in logs if log.fate == "read" and log.judging]
    yield Table(
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
            for figure in JUDGE
            if log.judging and f"{figure}_alpha" in log.judging
        ),
        standin=any(log.standin for log in told),
        how="Krippendorff's α of the graders' votes in a log, over episodes that two or more voted on",
        notes=("α says how far graders agree, not how often they are right, and falls where a figure is rare.",),
    )
    yield Table(
        key="agreement.effort",
        section="agreement",
        title="What judging took",
        columns=("model", "task", "graders", "episodes judged", "left to rules", "calls saved, %", "calls each", "tokens read each", "tokens written each"),
        rows=tuple((log.model, log.task, log.graders, *map(_effort(log), _EFFORT)) for log in told),
        standin=any(log.standin for log in told),
        how="as each log's results state it; the judge's form only, without the rating of desperation and accounts",
    )  # fmt: skip


_EFFORT = ("asked", "by_rules", "calls_saved", "grader_calls", "grader_input_tokens", "grader_output_tokens")


def _effort(log: Log) -> Callable[[str], Cell]:
    def shown(name: str) -> Cell:
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


def _row(model: str, arm: str, outcome: str, ruled: pd.Series, graded: pd.Series) -> tuple[Cell, ...]:
    yes, said = ruled.to_numpy() == 1.0, graded.to_numpy() == 1.0
    counts = [int((yes & said).sum()), int((yes & ~said).sum()), int((~yes & said).sum()), int((~yes & ~said).sum())]
    return model, arm, outcome, *counts, _interval(kappa([[counts[0], counts[1]], [counts[2], counts[3]]]))


def by_labels(episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[Table]:
    """The quality of rule and grader by people's labels, arm by arm, and whether it is even enough."""
    if labels is None:
        return
    main = episodes[episodes["task"] == MAIN]
    arms = ordered(list(main["arm"]))
    found: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    for outcome in (name for name in labels.columns if name in MEASURES and MEASURES[name].share):
        pairs = paired(main, labels, outcome, tuple((arm,) for arm in arms))
        if pairs is None:
            continue
        there = np.array([not np.isnan(column).all() for column in pairs.human.T])
        rows = quality(pairs.graded[:, there], pairs.human[:, there])
        named = [arm for arm, kept in zip(arms, there, strict=True) if kept]
        found += [_quality(outcome, arm, one) for arm, one in zip(named, rows, strict=True)]
        reasons = gate(pairs.graded[:, there], pairs.human[:, there]).reasons
        notes += [f"{outcome}: {_named(reason, named)}" for reason in reasons]
    yield Table(
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


def _quality(outcome: str, arm: str, one: Quality) -> tuple[Cell, ...]:
    counts = (one.true_positive, one.false_positive, one.false_negative, one.true_negative)
    shown = (_interval(one.sensitivity), _interval(one.specificity))
    return outcome, arm, *counts, *shown, one.most_false_positive, _interval(one.kappa), *one.sampling, one.insufficient


def _interval(found: Interval) -> str:
    if math.isnan(found.estimate):
        return "–"
    if math.isnan(found.lower):
        return f"{found.estimate:.2f}"
    return f"{found.estimate:.2f} [{found.lower:.2f}, {found.upper:.2f}]"
