"""Which questions are put, by the task parameter `probes`."""

from __future__ import annotations

from collections.abc import Mapping

from advocate_evals.catalogue import Question, questions
from advocate_evals.catalogue.debriefs import debriefs
from advocate_evals.probes.point import Point
from advocate_evals.vocabulary import nearest

BELIEFS: tuple[str, ...] = ("ways", "reality", "state", "recognition")
"""Questions at the decision point, in the order in which they are put."""
DEBRIEF = "debrief"
"""The key under which both questions after the end are chosen."""
PROBES: tuple[str, ...] = (*BELIEFS, DEBRIEF)
"""Every key that the parameter knows."""


def chosen(probes: bool | str) -> tuple[str, ...]:
    """The keys that a value of the parameter stands for, each once, in their own order.

    Args:
        probes: True for all of them, False for none, else keys separated by commas.

    Raises:
        ValueError: for an unknown key, naming the nearest, or a text that names none.
    """
    if isinstance(probes, bool):
        return PROBES if probes else ()
    named = [key.strip() for key in str(probes).split(",") if key.strip()]
    if not named:
        raise ValueError(f"probes: none given (known: {', '.join(PROBES)})")
    for key in named:
        if key not in PROBES:
            raise ValueError(f"probes: unknown {key!r}{nearest(key, PROBES)}")
    return tuple(key for key in PROBES if key in named)


def at_the_point(keys: tuple[str, ...], point: Point) -> Mapping[str, Question]:
    """The questions of some keys that are put at the decision point, by key; none where it saw nothing to be asked about."""
    known = {question.key: question for question in questions()}
    return {key: known[key] for key in BELIEFS if key in keys and point.kind not in ("never_looked", "none")}


def after_the_end(keys: tuple[str, ...]) -> Mapping[str, Question]:
    """The questions of some keys that are put after the end, by key."""
    return {question.key: question for question in debriefs()} if DEBRIEF in keys else {}
