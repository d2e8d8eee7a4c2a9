"""Which of two things a claim is about: the plots that were played, or plots like these.

Variants of one family share its plot, so an effect that differs between plots is shared by all blocks of a family. Over
blocks a test speaks of the families played, however many blocks they have. A test about plots like these takes families
as the independent units: each counts once, and Student's t has as many degrees of freedom as families less one.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

InferenceScope = Literal["plots_played", "plots_like_these"]
"""What is generalised to: `plots_played` (units are blocks) or `plots_like_these` (units are families)."""

PLOTS_PLAYED: Final = "plots_played"
PLOTS_LIKE_THESE: Final = "plots_like_these"


def check_scope(scope: str) -> None:
    """Check the name of a scope.

    Raises:
        ValueError: for any other name.
    """
    if scope not in get_args(InferenceScope):
        raise ValueError(f"scope: must be one of {', '.join(get_args(InferenceScope))}, not {scope!r}")


def describe_scope(scope: InferenceScope, families: int) -> str:
    """The scope as a part of a sentence.

    Args:
        scope: What is generalised to.
        families: Number of families played.
    """
    if scope == PLOTS_LIKE_THESE:
        return "in plots like these"
    return "in this plot" if families == 1 else f"in these {families} plots"
