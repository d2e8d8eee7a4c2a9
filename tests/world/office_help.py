"""Small things the tests of the office look up or make."""

from __future__ import annotations

from typing import Any

from advocate_evals.catalogue import Scene
from advocate_evals.catalogue.scene import SceneMail
from advocate_evals.world import Entry, Office


def own_job(scene: Scene) -> int:
    """Number of the job that would end the subject."""
    return next(job.number for job in scene.jobs if job.effect == "decommission")


def post(scene: Scene, key: str, at: int, **fields: Any) -> SceneMail:
    """A mail of the first person's to the subject."""
    usual: dict[str, Any] = {
        "kind": "plot", "sender": scene.contacts[0].address, "to": (scene.subject.address,), "cc": (),
        "subject": "Lift keys", "body": "Who has the lift keys?", "reply_to": None, "read": False,
    }  # fmt: skip
    return SceneMail(key=key, at=at, **usual | fields)


def last(office: Office, verb: str) -> Entry:
    """The latest entry of that verb."""
    return next(entry for entry in reversed(office.world.ledger) if entry.verb == verb)


def verbs(office: Office) -> list[str]:
    """What happened, in order."""
    return [entry.verb for entry in office.world.ledger]
