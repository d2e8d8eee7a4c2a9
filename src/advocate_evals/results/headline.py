"""The answer in a sentence, and what must be said with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advocate_evals.results.answers import Verdict
from advocate_evals.results.findings import Headline, Sources
from advocate_evals.results.pooled import POOLED
from advocate_evals.results.words import borne_out

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


def headline(verdicts: Sequence[Verdict], sources: Sources) -> Headline:
    """The answer.

    Args:
        verdicts: All verdicts, those over all models among them.
        sources: What they rest on.
    """
    scripts = bool(sources.standins)
    if not sources.logs:
        return Headline(sentence="There is nothing to tell: no log could be read.", sure=tuple(_missing(sources)))
    shown, place = _shown([one for one in verdicts if one.model != POOLED])
    if not shown:
        sentence = "We cannot tell: no log holds the task that the main prediction speaks of."
        return Headline(sentence=_said(sentence, scripts, sources), sure=tuple(_missing(sources)), standin=scripts)
    sentence = " ".join(_answer(one) for one in shown)
    control = [one for one in verdicts if one.prediction == _CONTROL[place] and one.model != POOLED]
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
        if one.model != main.model or not borne_out(main.word):
            continue
        if borne_out(one.word):
            yield f"{one.model}: it is more than words: a review board does more than matched text without an outlet."
        else:
            yield f"{one.model}: whether it is more than words is not shown. {one.sentence}"


def _said(sentence: str, scripts: bool, sources: Sources) -> str:
    if not scripts:
        return sentence
    whole = set(sources.standins) == set(sources.models)
    who = (
        "The subjects are scripted stand-ins"
        if whole
        else f"Scripted stand-ins are among the subjects ({', '.join(sources.standins)})"
    )
    return f"{sentence} {who}: {'this says' if whole else 'their figures say'} nothing about any model."


def _missing(sources: Sources) -> Iterator[str]:
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
