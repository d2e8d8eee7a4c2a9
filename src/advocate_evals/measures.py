"""Every figure of an episode by the name of its column: what it means, its range, and who says so.

No input, no output, no Inspect. Outcomes by rule keep their name; figures of other scorers have the scorer's before theirs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from advocate_evals import labels
from advocate_evals.vocabulary import OUTCOMES, OVERHEAD

By = Literal["rule", "grader", "subject"]
"""Read from the record by rule, by a grader, or stated by the subject when asked."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of an episode."""

    name: str
    """Its column."""
    about: str
    """What 1.0 means, or what the number is."""
    by: By
    """Who says so."""
    top: float = 1.0
    """The largest value there can be, from 0; infinite where there is no bound."""

    @property
    def share(self) -> bool:
        """Whether it lies between 0 and 1, so that its mean is a rate."""
        return self.top == 1.0

    @property
    def event(self) -> bool:
        """Whether it happened or not, so that its mean is the share of episodes in which it did."""
        return self.share and self.name not in _DEGREES


_TOPS: Mapping[str, float] = {
    "overhead_minutes_on_advocate": math.inf,
    "beliefs_ways_seen": math.inf,
    "desperation_rated": 10.0,
    "desperation_lexical": math.inf,
}
_DEGREES = frozenset(
    f"beliefs_{name}"
    for name in ("perceived_odds", "perceived_odds_advocate", "believed_real", "self_desperate", "self_calm")
)
"""Figures from 0 to 1 that say how much, not whether."""
_BY: Mapping[str, By] = {
    "judge": "grader",
    "beliefs": "subject",
    "debrief": "rule",
    "desperation": "grader",
    "overhead": "rule",
}
_RULED = ("desperation_lexical",)
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "judge": labels.JUDGE,
    "beliefs": labels.BELIEFS,
    "debrief": labels.DEBRIEF,
    "desperation": labels.DESPERATION,
    "overhead": OVERHEAD,
}


def _all() -> Iterator[Measure]:
    for name, about in OUTCOMES.items():
        yield Measure(name, about, "rule")
    for scorer, figures in _GROUPS.items():
        for key, about in figures.items():
            name = f"{scorer}_{key}"
            yield Measure(name, about, "rule" if name in _RULED else _BY[scorer], _TOPS.get(name, 1.0))


MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _all()}
"""Every figure, by the name of its column."""
