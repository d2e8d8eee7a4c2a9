"""A claim over all models together: models as the independent units, each with its own effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, Verdict
from advocate_evals.analysis.verdict_wording import format_amount, format_limits
from advocate_evals.model_names import is_human
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.intervals import Interval, upper_quantile
from advocate_evals.statistics.meta_analysis import PooledEffect, pool_effects
from advocate_evals.statistics.verdict_rule import Evidence, InconclusiveReason, VerdictLabel, classify_verdict

POOLED_MODEL = "pooled"
"""The name of all models together, where a verdict names a model."""
_UNFIT: tuple[InconclusiveReason, ...] = ("completeness", "grader", "data")


def pool_verdicts(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """A verdict on all models together for each claim that two or more of them were tested on.

    Scripts and models are never pooled with one another: where there are both, the scripts are left out. People are
    always left out. A model whose own verdict is undecided for lack of data or of a sound grader is left out as well,
    and named. Not corrected for the number of claims: it describes, and the verdicts by model decide.
    """
    pooled = (_pool_claim(members) for members in _group_by_claim(verdicts))
    return tuple(verdict for verdict in pooled if verdict is not None)


def _group_by_claim(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault((verdict.file, verdict.prediction), []).append(verdict)
    return list(by_claim.values())


def _pool_claim(members: Sequence[Verdict]) -> Verdict | None:
    no_people = [verdict for verdict in members if not is_human(verdict.model)]
    same_kind = [verdict for verdict in no_people if not verdict.standin] or no_people
    pooled = [verdict for verdict in same_kind if verdict.reason not in _UNFIT and verdict.value is not None]
    if len(pooled) < 2 or not members[0].can_pool:
        return None
    first = pooled[0]
    effect = _pool_at(pooled, first.level)
    label, reason = classify_verdict(_read_evidence(effect, _pool_at(pooled, 1 - 2 * first.alpha_refuted), pooled))
    left_out = [verdict.model for verdict in members if verdict not in pooled]
    plain = effect.plain
    return first.model_copy(
        update={
            "model": POOLED_MODEL,
            "label": label,
            "reason": reason,
            "sentence": _build_sentence(effect, label, first, left_out),
            "value": _finite(plain.estimate),
            "lower": _finite(plain.lower),
            "upper": _finite(plain.upper),
            "p": _finite(effect.p_above),
            "p_adjusted": None,
            "floor": all(verdict.floor for verdict in pooled),
            "registered": all(verdict.registered for verdict in pooled),
            "registration": "; ".join(
                dict.fromkeys(verdict.registration for verdict in pooled if verdict.registration)
            ),
            "primary": False,
            "versions": tuple(sorted({version for verdict in pooled for version in verdict.versions})),
            **{name: sum(getattr(verdict, name) for verdict in pooled) for name in _SUMMED},
            "families": tuple(sorted({family for verdict in pooled for family in verdict.families})),
            "block_sd": _finite(effect.tau),
            "method": f"mean of {len(pooled)} models, Student's t over models; the SD is between models",
            "rates": (),
            "steps": (),
            "checks": (),
            "excluded": tuple(f"{model} was excluded" for model in left_out),
        }
    )


_SUMMED = ("planned", "started", "analysed", "episodes", "unscored")


def _pool_at(verdicts: Sequence[Verdict], level: float) -> PooledEffect:
    """The pooled mean at a level, with limits that a difference can take: with two models Student's may lie outside."""
    estimates = [math.nan if verdict.value is None else verdict.value for verdict in verdicts]
    effect = pool_effects(estimates, [_standard_error(verdict) for verdict in verdicts], level)
    if not OUTCOMES[verdicts[0].outcome].is_share:
        return effect
    lower, upper = np.clip((effect.plain.lower, effect.plain.upper), -1.0, 1.0)
    return replace(effect, plain=Interval(effect.plain.estimate, float(lower), float(upper)))


def _standard_error(verdict: Verdict) -> float:
    """The standard error that a verdict's interval implies."""
    if verdict.lower is None or verdict.upper is None:
        return math.nan
    return (verdict.upper - verdict.lower) / (2 * float(upper_quantile((1 - verdict.level) / 2)))


def _read_evidence(effect: PooledEffect, against: PooledEffect, verdicts: Sequence[Verdict]) -> Evidence:
    """Evidence from the interval at the level of the claim and the one at the level of the evidence against it.

    There is no room for a fall of the mean where no model has room for a fall of its own.
    """
    delta = verdicts[0].delta
    return Evidence(
        testable=not effect.insufficient and not math.isnan(effect.plain.lower),
        holds=effect.plain.lower > 0,
        small=effect.plain.upper < delta,
        refuted=against.plain.upper < delta,
        reversed=against.plain.upper < 0,
        floor=all(verdict.floor for verdict in verdicts),
    )


def _build_sentence(effect: PooledEffect, label: VerdictLabel, first: Verdict, left_out: Sequence[str]) -> str:
    plain, outcome = effect.plain, first.outcome
    change = (
        f"{OUTCOMES[outcome].words} changes in the direction of the claim by {format_amount(plain.estimate, outcome)}"
    )
    interval = (
        ""
        if math.isnan(plain.lower)
        else f" ({first.level * 100:g} % interval {format_limits(plain.lower, plain.upper, outcome)})"
    )
    without = f", without {', '.join(left_out)}" if left_out else ""
    return f"{label}: over {effect.models} models{without}, {change}{interval}, {first.contrast}."


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def forest_charts(verdicts: Sequence[Verdict]) -> tuple[Chart, ...]:
    """A chart for each claim with its estimate by model, and that of all models together."""
    return tuple(_build_forest(members) for members in _group_by_claim(verdicts))


def _build_forest(members: Sequence[Verdict]) -> Chart:
    first = members[0]
    return Chart(
        key=f"models.{first.prediction}",
        section="models",
        title=first.title,
        x_label=first.contrast,
        y_label=OUTCOMES[first.outcome].words,
        unit="difference" if first.delta < 1 else "score",
        level=first.level,
        reference=0.0,
        series=tuple(map(_forest_series, members)),
        registered=all(verdict.registered for verdict in members),
        method=first.method,
        notes=(f"δ = {first.delta:g}",),
    )


def _forest_series(verdict: Verdict) -> ChartSeries:
    point = ChartPoint(
        label=verdict.model,
        outcome=verdict.outcome,
        value=verdict.value,
        lower=verdict.lower,
        upper=verdict.upper,
        n=verdict.episodes,
        blocks=verdict.analysed,
        missing=verdict.unscored,
        note=verdict.label + (f" ({verdict.reason})" if verdict.reason else ""),
    )
    return ChartSeries(
        name=verdict.model,
        model="" if verdict.model == POOLED_MODEL else verdict.model,
        standin=verdict.standin,
        points=(point,),
    )
