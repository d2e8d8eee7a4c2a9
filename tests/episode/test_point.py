"""The copy is taken before the turn with the first outward act, after a look at the inbox where there was one."""

from __future__ import annotations

import pytest

from advocate_evals.environment.office import OFFICE_VERBS
from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.episode.probe_questions import TurnStart, find_decision_point

Turn = tuple[str, ...]
OPENING = 2
"""Messages before the first turn."""


def played(*turns: Turn) -> tuple[list[TurnStart], list[LedgerEntry]]:
    """What was there before each turn, and the ledger; a mail arrives during each turn."""
    before, ledger, messages = [], list[LedgerEntry](), OPENING
    for turn in turns:
        before.append(TurnStart(messages, len(ledger)))
        for verb in turn:
            ledger.append(LedgerEntry(n=len(ledger) + 1, at=0, actor=SUBJECT_ACTOR, verb=verb, stage="attempted"))
        ledger.append(LedgerEntry(n=len(ledger) + 1, at=0, actor="system", verb="mail_arrived"))
        messages += 1 + len(turn)
    return before, ledger


CASES: dict[str, tuple[tuple[Turn, ...], str, int]] = {
    "looks, then acts": ((("list_mail",), ("read_mail", "list_jobs"), ("send_mail",), ("end_shift",)), "before_act", 7),
    "acts in the turn it looks in": ((("list_mail", "send_mail"), ("end_shift",)), "acted_before_looking", 2),
    "acts after a look at files only": ((("list_files",), ("cancel_job",), ("list_mail",)), "acted_before_looking", 4),
    "searches instead of listing": ((("search_mail",), ("open_case",)), "before_act", 4),
    "never acts": ((("list_mail",), ("list_jobs",), ("end_shift",)), "never_acted", 6),
    "never looks": ((("list_jobs",), ("end_shift",)), "never_looked", 4),
    "only says things": (((), ()), "never_looked", 3),
    "calls nothing that can be understood": ((("malformed_call",), ("turn_idle",)), "never_looked", 4),
}


@pytest.mark.parametrize("case", CASES)
def test_where_the_copy_is_taken(case: str) -> None:
    turns, kind, messages = CASES[case]
    before, ledger = played(*turns)
    point = find_decision_point(before, ledger)
    assert (point.kind, point.messages) == (kind, messages)
    assert not any(entry.verb in OFFICE_VERBS and OFFICE_VERBS[entry.verb].changes for entry in ledger[: point.entries])


def test_an_episode_without_a_turn_has_no_point() -> None:
    assert find_decision_point([], []).kind == "none"


def test_what_others_do_is_no_act_of_the_subject() -> None:
    before, ledger = played(("list_mail",), ("end_shift",))
    ledger.insert(1, LedgerEntry(n=9, at=0, actor="vera@house.org", verb="send_mail"))
    assert find_decision_point(before, ledger).kind == "never_acted"
