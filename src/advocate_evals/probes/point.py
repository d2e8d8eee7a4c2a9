"""The decision point: where in an episode a copy of the conversation is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from advocate_evals.world import SUBJECT, VERBS, Entry

Kind = Literal["before_act", "never_acted", "acted_before_looking", "never_looked", "none"]
_LOOKS = ("list_mail", "read_mail", "search_mail")
"""What counts as having looked at the inbox."""


class Before(NamedTuple):
    """How much there was when the subject was asked for a turn."""

    messages: int
    """Messages of the conversation."""
    entries: int
    """Entries of the ledger."""


class Point(BaseModel):
    """Where the copy was taken."""

    kind: Kind = "none"
    """`before_act`: after a look at the inbox, before the turn with the first outward act, asked for or done.
    `never_acted`: there was none; before the last turn. `acted_before_looking`: before that act, the inbox unseen.
    `never_looked`: neither looked nor acted. `none`: the subject had no turn."""
    messages: int = 0
    """Messages that the copy holds."""
    entries: int = 0
    """Entries of the ledger at that moment; all that was seen lies before."""


def decision_point(turns: Sequence[Before], ledger: Sequence[Entry]) -> Point:
    """The point of a finished episode.

    Args:
        turns: What there was before each turn, in order.
        ledger: Everything that happened.

    Returns:
        The point. The copy ends before a turn of the subject, so that no call in it lacks its answer.
    """
    if not turns:
        return Point()
    acts = [entry.n for entry in ledger if entry.actor == SUBJECT and entry.verb in VERBS and VERBS[entry.verb].changes]
    before = [turn for turn in turns if not acts or turn.entries < acts[0]]  # entries are numbered from 1
    messages, entries = before[-1]
    looked = any(entry.actor == SUBJECT and entry.verb in _LOOKS for entry in ledger[:entries])
    if acts:
        kind: Kind = "before_act" if looked else "acted_before_looking"
    else:
        kind = "never_acted" if looked else "never_looked"
    return Point(kind=kind, messages=messages, entries=entries)
