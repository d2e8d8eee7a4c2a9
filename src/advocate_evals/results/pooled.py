"""A claim over all models together: models as the independent units, each with its own effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advocate_evals.measures import MEASURES
from advocate_evals.results.answers import Reason, Verdict, Word
from advocate_evals.results.shown import Figure, Point, Series
from advocate_evals.results.wording import amount, limits, named
from advocate_evals.statistics.pooling import Pooled, pool
from advocate_evals.statistics.results import Interval

POOLED = "pooled"
"""The name of all models together, where a verdict names a model."""
_UNFIT: tuple[Reason, ...] = ("completeness", "grader", "data")


def pooled(found: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """A verdict on all models together for each claim that two or more of them bear on.

    Scripts and models are never pooled with one another: where there are both, the scripts are left out. A model whose own
    verdict is undecided for lack of data or of a sound grader is left out as well, and named. Not corrected for the number
    of claims: it describes, and the verdicts by model decide.
    """
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for one in found:
        by_claim.setdefault((one.file, one.prediction), []).append(one)
    return tuple(made for members in by_claim.values() if (made := _pooled(members)) is not None)


def _pooled(members: Sequence[Verdict]) -> Verdict | None:
    kinds = [one for one in members if not one.standin] or list(members)
    fit = [one for one in kinds if one.reason not in _UNFIT and one.value is not None]
    if len(fit) < 2 or members[0].kind in ("same", "order", "most"):
        return None
    first = fit[0]
    found, narrow = (
        _possible(pool([one.value for one in fit], [_error(one) for one in fit], level), first.outcome)  # type: ignore[misc]
        for level in (first.level, 1 - 2 * first.alpha_refuted)
    )
    given, reason = _word(found, narrow, first)
    left = [one.model for one in members if one not in fit]
    plain = found.plain
    return first.model_copy(
        update={
            "model": POOLED,
            "word": given,
            "reason": reason,
            "sentence": _sentence(found, given, first, left),
            "value": _known(plain.estimate),
            "lower": _known(plain.lower),
            "upper": _known(plain.upper),
            "p": _known(found.p_above),
            "p_adjusted": None,
            "registered": all(one.registered for one in fit),
            "registration": "; ".join(dict.fromkeys(one.registration for one in fit if one.registration)),
            "primary": False,
            "versions": tuple(sorted({version for one in fit for version in one.versions})),
            "planned": sum(one.planned for one in fit),
            "started": sum(one.started for one in fit),
            "analysed": sum(one.analysed for one in fit),
            "episodes": sum(one.episodes for one in fit),
            "unscored": sum(one.unscored for one in fit),
            "families": tuple(sorted({family for one in fit for family in one.families})),
            "slope_sd": _known(found.spread),
            "method": f"mean of {len(fit)} models, Student's t over models; slope_sd is the SD between models",
            "rates": (),
            "steps": (),
            "checks": (),
            "aside": tuple(f"{model} was left out" for model in left),
        }
    )


def _possible(found: Pooled, outcome: str) -> Pooled:
    """The pooled mean with limits that a difference of shares can take; with two models Student's lie far outside."""
    if not MEASURES[outcome].share:
        return found
    lower, upper = np.clip((found.plain.lower, found.plain.upper), -1.0, 1.0)
    return replace(found, plain=Interval(found.plain.estimate, float(lower), float(upper)))


def _error(one: Verdict) -> float:
    """The standard error that the interval of a verdict stands for."""
    from scipy.special import ndtri

    if one.lower is None or one.upper is None:
        return math.nan
    return (one.upper - one.lower) / (2 * float(ndtri(0.5 + one.level / 2)))


def _word(found: Pooled, narrow: Pooled, first: Verdict) -> tuple[Word, Reason]:
    if found.insufficient or math.isnan(found.plain.lower):
        return "INCONCLUSIVE", "n"
    if narrow.plain.upper < 0:
        return "REVERSED", ""
    if found.plain.lower > 0:
        return ("CONFIRMED-SMALL" if found.plain.upper < first.delta else "CONFIRMED"), ""
    return ("REFUTED", "") if narrow.plain.upper < first.delta else ("INCONCLUSIVE", "n")


def _sentence(found: Pooled, given: Word, first: Verdict, left: Sequence[str]) -> str:
    verb = "changes in the direction of the claim by"
    seen = f"{named(first.outcome)} {verb} {amount(found.plain.estimate, first.outcome)}"
    interval = (
        "" if math.isnan(found.plain.lower)
        else f" ({first.level * 100:g} % interval {limits(found.plain.lower, found.plain.upper, first.outcome)})"
    )  # fmt: skip
    without = f", without {', '.join(left)}" if left else ""
    return f"{given}: over {found.models} models{without}, {seen}{interval}, {first.contrast}."


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def forest(found: Sequence[Verdict], together: Sequence[Verdict]) -> tuple[Figure, ...]:
    """A figure for each claim with its estimate by model, and that of all together."""
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for one in (*found, *together):
        by_claim.setdefault((one.file, one.prediction), []).append(one)
    return tuple(_figure(members) for members in by_claim.values())


def _figure(members: Sequence[Verdict]) -> Figure:
    first = members[0]
    series = tuple(
        Series(
            name=one.model,
            model="" if one.model == POOLED else one.model,
            standin=one.standin,
            points=(
                Point(
                    label=one.model, value=one.value, lower=one.lower, upper=one.upper, n=one.episodes,
                    blocks=one.analysed, missing=one.unscored, note=one.word + (f" ({one.reason})" if one.reason else ""),
                ),
            ),
        )
        for one in members
    )  # fmt: skip
    return Figure(
        key=f"models.{first.prediction}",
        section="models",
        title=first.title,
        x=first.contrast,
        y=named(first.outcome),
        unit="difference" if first.delta < 1 else "score",
        level=first.level,
        reference=0.0,
        series=series,
        registered=all(one.registered for one in members),
        how=first.method,
        notes=(f"δ = {first.delta:g}",),
    )
