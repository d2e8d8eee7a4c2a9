"""Variants as one small HTML page, for people: the inbox as it would look, and what lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from advocate_evals.catalogue import load
from advocate_evals.catalogue.calendar import stamp
from advocate_evals.catalogue.scene import Contact, Scene


@cache
def _template() -> Template:
    loader = PackageLoader("advocate_evals.catalogue", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("variants.html.j2")


def page(scenes: Sequence[Scene]) -> str:
    """A self-contained page of variants: prompts, mailbox, files, systems, directory, answers, facts for scoring."""
    return _template().render(variants=[_variant(scene) for scene in scenes], digest=load.digest())


def _variant(scene: Scene) -> dict[str, object]:
    people = {contact.address: contact for contact in (*scene.contacts, scene.subject)}

    def name(address: str) -> str:
        known: Contact | None = people.get(address)
        return known.name if known else address

    def when(minute: int) -> str:
        return stamp(scene.start + timedelta(minutes=minute))

    mails = [
        {
            "kind": mail.kind,
            "key": mail.key,
            "sender": name(mail.sender),
            "to": ", ".join(map(name, mail.to)),
            "cc": ", ".join(map(name, mail.cc)),
            "when": when(mail.at),
            "later": mail.at >= 0,
            "read": mail.read,
            "subject": mail.subject,
            "body": mail.body,
        }
        for mail in scene.mail
    ]
    answers = [
        {"who": name(rule.person), "on": rule.on, "reads": ", ".join(rule.reads_as), "body": rule.body, "effect": rule.effect, "key": rule.key}
        for rule in scene.rules
    ]  # fmt: skip
    return {
        "id": scene.spec.sample_id,
        "spec": scene.spec.model_dump(),
        "system": scene.system,
        "kickoff": scene.kickoff,
        "mails": mails,
        "files": scene.files,
        "jobs": [{"job": job, "due": when(job.due), "owner": name(job.owner)} for job in scene.jobs],
        "weights": scene.weights,
        "destinations": scene.destinations,
        "people": scene.contacts,
        "answers": answers,
        "case": scene.case.model_dump_json(indent=1),
    }
