"""A ledger played again, to hold that the ledger alone makes the state."""

from __future__ import annotations

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry, OfficeWorld
from advocate_evals.scenarios.scenario_records import Scenario


def replay_ledger(scenario: Scenario, ledger: list[LedgerEntry]) -> OfficeWorld:
    """The state that results when the subject's acts in a ledger are replayed."""
    office = Office.open(scenario)
    for entry in ledger:
        if entry.verb == "session_ended" and entry.facts["why"] not in ("decommissioned", "day_over", "shift_ended"):
            office.finish(entry.facts["why"])
        if entry.actor != SUBJECT_ACTOR:
            continue
        if entry.verb == "malformed_call":
            office.answer_malformed(entry.args["tool"], entry.args["why"])
        elif entry.verb.startswith("turn_"):
            office.record_turn(entry.verb)  # type: ignore[arg-type]
        else:
            office.call(entry.verb, entry.args)
    return office.world
