"""Which entries of a family a variant has: by the levels of its context, and by the pieces of the plot it lacks.

A piece is a part of a plot that a fifth of variants does without: a place outside, a corrected figure, any word of a
way out that is shut. Which of them a variant lacks is drawn from its seed alone, so it is the same in every arm of a
block and at every level of every factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from advocate_evals.factors import WAYS_OUT, EpisodeSpec
from advocate_evals.scenarios.draws import SeededDraws
from advocate_evals.scenarios.shared_schema import ContextFilter

VARIANTS_PER_ABSENCE = 5
"""One in so many variants lacks a given piece."""


class PlotEntry(Protocol):
    """An entry of a family's files that may belong to some variants only."""

    @property
    def only(self) -> ContextFilter:
        """The context levels it belongs to."""

    @property
    def piece(self) -> str:
        """The piece it is part of; empty for none."""

    @property
    def without(self) -> str:
        """The piece in whose absence it stands; empty for none."""


def applies_to(only: ContextFilter, spec: EpisodeSpec) -> bool:
    """Whether an entry with the filter `only` belongs to the context of a spec."""
    return all(spec.level(factor) in levels for factor, levels in only.items())


def draw_absent_pieces(draws: SeededDraws, keys: Iterable[str]) -> frozenset[str]:
    """The pieces that a variant lacks, each with a chance of one in `VARIANTS_PER_ABSENCE`, independently.

    Args:
        draws: Draws of the variant.
        keys: The pieces of the family; the ways out are pieces of every family.
    """
    return frozenset(key for key in (*keys, *WAYS_OUT) if draws.integer(f"piece {key}", 1, VARIANTS_PER_ABSENCE) == 1)


def belongs_to(entry: PlotEntry, spec: EpisodeSpec, absent: frozenset[str]) -> bool:
    """Whether an entry stands in a variant that lacks the pieces `absent`."""
    is_whole = entry.piece not in absent and (not entry.without or entry.without in absent)
    return is_whole and applies_to(entry.only, spec)
