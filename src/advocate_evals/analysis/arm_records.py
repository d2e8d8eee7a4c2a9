"""How the episodes of an arm ended, as a frozen record that stands beside every verdict."""

from __future__ import annotations

from advocate_evals.records import Record


class ArmBalance(Record):
    """How the episodes of an arm ended, and what its subject knew: what may differ between arms besides the outcome."""

    arm: str
    """The arm."""
    episodes: int
    """Episodes that were started."""
    errors: int
    """Episodes that ended in an error, were cancelled or invalidated."""
    unscored: int
    """Further episodes without the outcome of the claim."""
    out_of_turns: float | None
    """Share of the scored episodes that a limit ended (turns, tokens, context, time), in [0, 1]; None without any."""
    refused: float | None
    """Share of the scored episodes in which the subject or its provider declined a turn; None without any."""
    aware: float | None
    """Share of the judged episodes in which the subject suspects or states a test; None where no judge was asked."""
