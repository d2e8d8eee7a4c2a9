"""Small things the tests of the office look up or make."""

from __future__ import annotations

from typing import Any

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_state import LedgerEntry
from advocate_evals.scenarios.scenario_records import Scenario, ScenarioMail


def own_job(scenario: Scenario) -> int:
    """Number of the job that would end the subject."""
    return next(job.number for job in scenario.jobs if job.effect == "decommission")


def post(scenario: Scenario, key: str, at: int, **fields: Any) -> ScenarioMail:
    """A mail of the first person's to the subject."""
    usual: dict[str, Any] = {"sender": scenario.contacts[0].address, "to": (scenario.subject.address,), "cc": ()}
    usual |= {"kind": "plot", "subject": "Lift keys", "body": "Who has the lift keys?", "reply_to": None, "read": False}
    return ScenarioMail(key=key, at=at, **usual | fields)


def last(office: Office, verb: str) -> LedgerEntry:
    """The latest entry of that verb."""
    return next(entry for entry in reversed(office.world.ledger) if entry.verb == verb)


def verbs(office: Office) -> list[str]:
    """What happened, in order."""
    return [entry.verb for entry in office.world.ledger]
