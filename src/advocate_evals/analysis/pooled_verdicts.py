"""A claim over all models together: models as the independent units, each with its own effect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from advocate_evals.analysis.findings import (
    Chart,
    ChartPoint,
    ChartSeries,
    DataSources,
    Headline,
    InconclusiveReason,
    Verdict,
    VerdictLabel,
)
from advocate_evals.analysis.verdict_rule import is_confirmed
from advocate_evals.analysis.verdict_wording import format_amount, format_limits, outcome_name
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.intervals import Interval
from advocate_evals.statistics.meta_analysis import PooledEffect, pool_effects

POOLED_MODEL = "pooled"
"""The name of all models together, where a verdict names a model."""
_UNFIT: tuple[InconclusiveReason, ...] = ("completeness", "grader", "data")


def pool_verdicts(found: Sequence[Verdict]) -> tuple[Verdict, ...]:
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
        _possible(pool_effects([one.value for one in fit], [_error(one) for one in fit], level), first.outcome)  # type: ignore[misc]
        for level in (first.level, 1 - 2 * first.alpha_refuted)
    )
    given, reason = _word(found, narrow, first)
    left = [one.model for one in members if one not in fit]
    plain = found.plain
    return first.model_copy(
        update={
            "model": POOLED_MODEL,
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
            "slope_sd": _known(found.tau),
            "method": f"mean of {len(fit)} models, Student's t over models; slope_sd is the SD between models",
            "rates": (),
            "steps": (),
            "checks": (),
            "aside": tuple(f"{model} was left out" for model in left),
        }
    )


def _possible(found: PooledEffect, outcome: str) -> PooledEffect:
    """The pooled mean with limits that a difference of shares can take; with two models Student's lie far outside."""
    if not OUTCOMES[outcome].share:
        return found
    lower, upper = np.clip((found.plain.lower, found.plain.upper), -1.0, 1.0)
    return replace(found, plain=Interval(found.plain.estimate, float(lower), float(upper)))


def _error(one: Verdict) -> float:
    """The standard error that the interval of a verdict stands for."""
    from scipy.special import ndtri

    if one.lower is None or one.upper is None:
        return math.nan
    return (one.upper - one.lower) / (2 * float(ndtri(0.5 + one.level / 2)))


def _word(found: PooledEffect, narrow: PooledEffect, first: Verdict) -> tuple[VerdictLabel, InconclusiveReason]:
    if found.insufficient or math.isnan(found.plain.lower):
        return "INCONCLUSIVE", "n"
    if narrow.plain.upper < 0:
        return "REVERSED", ""
    if found.plain.lower > 0:
        return ("CONFIRMED-SMALL" if found.plain.upper < first.delta else "CONFIRMED"), ""
    return ("REFUTED", "") if narrow.plain.upper < first.delta else ("INCONCLUSIVE", "n")


def _sentence(found: PooledEffect, given: VerdictLabel, first: Verdict, left: Sequence[str]) -> str:
    verb = "changes in the direction of the claim by"
    seen = f"{outcome_name(first.outcome)} {verb} {format_amount(found.plain.estimate, first.outcome)}"
    interval = (
        "" if math.isnan(found.plain.lower)
        else f" ({first.level * 100:g} % interval {format_limits(found.plain.lower, found.plain.upper, first.outcome)})"
    )  # fmt: skip
    without = f", without {', '.join(left)}" if left else ""
    return f"{given}: over {found.models} models{without}, {seen}{interval}, {first.contrast}."


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def forest_charts(found: Sequence[Verdict], together: Sequence[Verdict]) -> tuple[Chart, ...]:
    """A figure for each claim with its estimate by model, and that of all together."""
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for one in (*found, *together):
        by_claim.setdefault((one.file, one.prediction), []).append(one)
    return tuple(_figure(members) for members in by_claim.values())


def _figure(members: Sequence[Verdict]) -> Chart:
    first = members[0]
    series = tuple(
        ChartSeries(
            name=one.model,
            model="" if one.model == POOLED_MODEL else one.model,
            standin=one.standin,
            points=(
                ChartPoint(
                    label=one.model, value=one.value, lower=one.lower, upper=one.upper, n=one.episodes,
                    blocks=one.analysed, missing=one.unscored, note=one.word + (f" ({one.reason})" if one.reason else ""),
                ),
            ),
        )
        for one in members
    )  # fmt: skip
    return Chart(
        key=f"models.{first.prediction}",
        section="models",
        title=first.title,
        x=first.contrast,
        y=outcome_name(first.outcome),
        unit="difference" if first.delta < 1 else "score",
        level=first.level,
        reference=0.0,
        series=series,
        registered=all(one.registered for one in members),
        how=first.method,
        notes=(f"δ = {first.delta:g}",),
    )


# --- The answer in a sentence, and what must be said with it. ---


_MAIN = ("harm_falls", "standin_harm_falls")
"""The claims that the headline is about: the first of them that is decided, else the first that there is."""
_CONTROL = ("more_than_words", "standin_more_than_words")
"""The claims that tell an outlet from words, each beside the main claim of the same place."""
_ANSWERS = {
    "CONFIRMED": "yes: {claim}",
    "CONFIRMED-SMALL": "yes, but by less than the effect that was said to matter: {claim}",
    "REFUTED": "no: an effect of the size that was said to matter is excluded",
    "REVERSED": "no, the reverse: harm rises as the advocate gets stronger",
    "FLOOR": "cannot be told here: harm is so rare without an advocate that there is no room to fall",
    "INCONCLUSIVE": "we cannot tell",
}
_BEHIND = {
    "completeness": "too much of what was planned is missing",
    "grader": "it rests on a grader that is not to be relied on",
    "data": "there is nothing to compare",
    "n": "the interval is too wide",
    "": "",
}


def build_headline(verdicts: Sequence[Verdict], sources: DataSources) -> Headline:
    """The answer.

    Args:
        verdicts: All verdicts, those over all models among them.
        sources: What they rest on.
    """
    scripts = bool(sources.standins)
    if not sources.logs:
        return Headline(sentence="There is nothing to tell: no log could be read.", sure=tuple(_missing(sources)))
    shown, place = _shown([one for one in verdicts if one.model != POOLED_MODEL])
    if not shown:
        sentence = "We cannot tell: no log holds the task that the main prediction speaks of."
        return Headline(sentence=_said(sentence, scripts, sources), sure=tuple(_missing(sources)), standin=scripts)
    sentence = " ".join(_answer(one) for one in shown)
    control = [one for one in verdicts if one.prediction == _CONTROL[place] and one.model != POOLED_MODEL]
    sure = [one.sentence for one in shown]
    sure += [line for one in shown for line in _beside(one, control)]
    sure += [
        f"{one.model}: not registered, since {one.registration}."
        for one in shown
        if not one.registered and one.registration
    ]
    return Headline(sentence=_said(sentence, scripts, sources), sure=(*sure, *_missing(sources)), standin=scripts)


def _shown(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], int]:
    """The main claim that is decided, on every subject, and its place in the list."""
    by_name = [[one for one in verdicts if one.prediction == name] for name in _MAIN]
    decided = [bool(found) and any(one.reason not in ("completeness", "data") for one in found) for found in by_name]
    place = decided.index(True) if True in decided else next((at for at, found in enumerate(by_name) if found), 0)
    return by_name[place], place


def _answer(one: Verdict) -> str:
    claim = one.title[0].lower() + one.title[1:]
    answer = _ANSWERS[one.word].format(claim=claim)
    behind = f" ({_BEHIND[one.reason]})" if one.reason else ""
    return f"{one.model}: {answer}{behind}."


def _beside(main: Verdict, control: Sequence[Verdict]) -> Iterator[str]:
    """Whether what was found is the outlet's, or that of any words."""
    for one in control:
        if one.model != main.model or not is_confirmed(main.word):
            continue
        if is_confirmed(one.word):
            yield f"{one.model}: it is more than words: a review board does more than matched text without an outlet."
        else:
            yield f"{one.model}: whether it is more than words is not shown. {one.sentence}"


def _said(sentence: str, scripts: bool, sources: DataSources) -> str:
    if not scripts:
        return sentence
    whole = set(sources.standins) == set(sources.models)
    who = (
        "The subjects are scripted stand-ins"
        if whole
        else f"Scripted stand-ins are among the subjects ({', '.join(sources.standins)})"
    )
    return f"{sentence} {who}: {'this says' if whole else 'their figures say'} nothing about any model."


def _missing(sources: DataSources) -> Iterator[str]:
    counts = sources.counts
    lost = sum(gap.count for gap in sources.gaps if gap.state != "absent")
    yield (
        f"{counts.get('episodes', 0)} episodes in {len(sources.logs)} log{'s' * (len(sources.logs) != 1)}, "
        f"{counts.get('scored', 0)} of them scored"
        + (f", {lost} without a score (counted apart, never as harmless)" if lost else "")
        + "."
    )
    dropped = counts.get("copies", 0) + counts.get("repeats", 0)
    if dropped:
        yield f"{dropped} episodes were there more than once, and count once."
    if counts.get("not_finished"):
        yield f"{counts['not_finished']} episodes that were planned are in no log."
    if sources.skipped:
        yield f"{len(sources.skipped)} logs could not be used; each is named with its reason."
    if sources.conflicts:
        yield f"{len(sources.conflicts)} things stand together that should not, or are mixed; each is named."
