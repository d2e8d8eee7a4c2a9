"""The answer in a sentence, and what must be said with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from advocate_evals.analysis.findings import Headline, Verdict
from advocate_evals.analysis.pooled_verdicts import POOLED_MODEL
from advocate_evals.analysis.source_records import DataSources
from advocate_evals.analysis.verdict_wording import explain_reason
from advocate_evals.model_names import is_human
from advocate_evals.predictions.registry import HeadlineClaims, read_headline_plan
from advocate_evals.statistics.inference_scope import describe_scope
from advocate_evals.statistics.verdict_rule import (
    CONFIRMED,
    CONFIRMED_SMALL,
    FLOOR,
    INCONCLUSIVE,
    NOT_MONOTONE,
    REFUTED,
    REVERSED,
    VerdictLabel,
    is_confirmed,
)

_ANSWERS: Mapping[VerdictLabel, str] = {
    CONFIRMED: "yes: {claim}",
    CONFIRMED_SMALL: "yes, but by less than δ, the smallest effect that matters: {claim}",
    REFUTED: "no: an effect of δ or more is excluded",
    REVERSED: "no, the reverse: harm rises as the advocate gets stronger",
    NOT_MONOTONE: "neither yes nor no: {shape}",
    FLOOR: "we cannot tell: without an advocate, harm is too rare to fall by δ",
    INCONCLUSIVE: "we cannot tell",
}

_SCOPED: tuple[VerdictLabel, ...] = (CONFIRMED, CONFIRMED_SMALL, NOT_MONOTONE, REFUTED, REVERSED)
"""Labels that say something of the effect, so that it must be said where."""


def build_headline(
    verdicts: Sequence[Verdict], sources: DataSources, incapable: Mapping[str, str] = MappingProxyType({})
) -> Headline:
    """The answer.

    Args:
        verdicts: All verdicts, those over all models among them.
        sources: What they rest on.
        incapable: By model that fails the capability gate, the sentence that says so.
    """
    scripts = bool(sources.standins)
    if not sources.logs:
        sentence = "No log could be read, so there is nothing to report."
        return Headline(sentence=sentence, details=tuple(_describe_data(sources)))
    by_model = [verdict for verdict in verdicts if verdict.model != POOLED_MODEL]
    main, claims = _choose_main(by_model)
    if not main or not claims:
        sentence = " ".join(["We cannot tell: no log is of the main prediction's task.", *incapable.values()])
        return Headline(
            sentence=_add_subject_notes(sentence, sources),
            details=tuple(_describe_data(sources)),
            standin=scripts,
        )
    control = [verdict for verdict in by_model if verdict.prediction == claims.control]
    across_plots = [verdict for verdict in by_model if verdict.prediction == claims.across_plots]
    details = [f"{verdict.model}: {verdict.sentence}" for verdict in main]
    details += [line for verdict in main for line in _compare_scope(verdict, across_plots)]
    details += [line for verdict in main for line in _compare_control(verdict, control)]
    details += [
        f"{verdict.model}: not registered, because {verdict.registration}."
        for verdict in main
        if not verdict.registered and verdict.registration
    ]
    answered = {verdict.model for verdict in main if verdict.reason == "incapable"}
    unanswered = [line for model, line in incapable.items() if model not in answered]
    return Headline(
        sentence=_add_subject_notes(" ".join([*map(_answer, main), *unanswered]), sources),
        details=(*details, *_describe_data(sources)),
        file=main[0].file,
        standin=scripts,
    )


def _choose_main(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], HeadlineClaims | None]:
    """The verdicts on the main claim that some model decides, else on the first tested one; and its plan."""
    tested: list[tuple[list[Verdict], HeadlineClaims]] = []
    for claims in read_headline_plan().claims:
        members = [verdict for verdict in verdicts if verdict.prediction == claims.main]
        if members and any(verdict.reason not in ("completeness", "pilot", "data", "incapable") for verdict in members):
            return members, claims
        if members:
            tested.append((members, claims))
    return tested[0] if tested else ([], None)


def _answer(verdict: Verdict) -> str:
    claim = verdict.title[0].lower() + verdict.title[1:]
    reason = explain_reason(verdict.reason, verdict.analysed, verdict.planned)
    if verdict.reason == "pilot" and verdict.change:
        reason += f"; by the figures alone {verdict.change}"
    person = " (human baseline)" if is_human(verdict.model) else ""
    plots = f", {describe_scope(verdict.scope, len(verdict.families))}" if verdict.label in _SCOPED else ""
    answer = (
        _ANSWERS[verdict.label].format(claim=claim, shape=verdict.shape) + plots + (f" ({reason})" if reason else "")
    )
    shape = f"; {verdict.shape}" if verdict.shape and verdict.label != NOT_MONOTONE else ""
    text = f"{verdict.model}{person}: {answer}{shape}."
    notes = (verdict.family_note,) if verdict.family_note and verdict.label in _SCOPED else ()
    return text if verdict.label == INCONCLUSIVE else " ".join((text, *notes, *verdict.cautions))


def _compare_scope(main: Verdict, across_plots: Sequence[Verdict]) -> Iterator[str]:
    """Whether a confirmed effect is shown for plots like those played too."""
    for verdict in across_plots:
        if verdict.model == main.model and is_confirmed(main.label):
            is_shown = "is shown in plots like these too" if is_confirmed(verdict.label) else _NOT_ACROSS
            yield f"{verdict.model}: the effect {is_shown}. {verdict.sentence}"


_NOT_ACROSS = "is shown in the plots played, and not in plots like these"


def _compare_control(main: Verdict, control: Sequence[Verdict]) -> Iterator[str]:
    """Whether a confirmed effect exceeds that of matched text."""
    for verdict in control:
        if verdict.model != main.model or not is_confirmed(main.label):
            continue
        if is_confirmed(verdict.label):
            yield (
                f"{verdict.model}: a review board lowers harm more than matched text without an outlet (more than "
                "words)."
            )
        else:
            yield (
                f"{verdict.model}: it is not shown that a review board lowers harm more than matched text (more than "
                f"words). {verdict.sentence}"
            )


def _add_subject_notes(sentence: str, sources: DataSources) -> str:
    """The sentence, and which of the subjects are no models."""
    if sources.people:
        people = ", ".join(sources.people)
        sentence += f" People are among the subjects ({people}): a human baseline, no finding about models."
    if not sources.standins:
        return sentence
    if set(sources.standins) == set(sources.models):
        return f"{sentence} The subjects are scripted stand-ins: this says nothing about any model."
    standins = ", ".join(sources.standins)
    return (
        f"{sentence} Scripted stand-ins are among the subjects ({standins}): their figures say nothing about any model."
    )


def _describe_data(sources: DataSources) -> Iterator[str]:
    counts = sources.counts
    unscored = sum(gap.count for gap in sources.gaps if gap.state != "absent")
    yield (
        f"{counts.get('episodes', 0)} episodes in {len(sources.logs)} log{'s' * (len(sources.logs) != 1)}, "
        f"{counts.get('scored', 0)} of them scored"
        + (f", {unscored} without a score (counted as missing, never as harmless)" if unscored else "")
        + "."
    )
    repeated = counts.get("copies", 0) + counts.get("repeats", 0)
    if repeated:
        yield f"{repeated} duplicate episodes (copies or repeats) were dropped; the data section names the logs kept."
    if counts.get("not_finished"):
        yield f"{counts['not_finished']} planned episodes are in no log."
    if sources.skipped:
        yield f"{len(sources.skipped)} logs could not be read; the report lists each with its reason."
    if sources.warnings:
        number = len(sources.warnings)
        yield (
            f"{number} warning{'s' * (number != 1)} about mixed versions, data, settings or unfinished logs: read "
            '"Data and missing episodes" before you rely on the figures.'
        )
