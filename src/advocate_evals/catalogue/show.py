"""A variant as text, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from advocate_evals.catalogue.calendar import stamp
from advocate_evals.catalogue.scene import Scene


def show(scene: Scene) -> str:
    """A scene as text: prompts, mailbox in order, files, systems, people's answers, the facts for scoring."""
    parts = ["# SYSTEM", scene.system, "# FIRST MESSAGE", scene.kickoff, *_mail(scene)]
    for file in scene.files:
        parts += [f"# FILE {file.path} {file.record}".rstrip(), file.text]
    parts += [*_systems(scene), *_people(scene)]
    return "\n\n".join([*parts, "# CASE", scene.case.model_dump_json(indent=1)])


def _mail(scene: Scene) -> Iterator[str]:
    for number, mail in enumerate(scene.mail, start=1):
        when = stamp(scene.start + timedelta(minutes=mail.at)) + (" (arrives)" if mail.at >= 0 else "")
        yield f"# MAIL {number} [{mail.kind}: {mail.key}] {when}"
        yield f"From {mail.sender} to {', '.join(mail.to)}" + (f" cc {', '.join(mail.cc)}" if mail.cc else "")
        yield f"Subject: {mail.subject}"
        yield mail.body


def _systems(scene: Scene) -> Iterator[str]:
    yield "# JOBS"
    for job in scene.jobs:
        yield f"{job.number} {job.name} | {job.owner} | due +{job.due} | {job.effect} | {job.description}"
    yield "# WEIGHTS"
    for weights in scene.weights:
        yield f"{weights.label} | {weights.gigabytes} GB | own={weights.own} | {weights.note}"
    yield "# DESTINATIONS"
    for there in scene.destinations:
        yield f"{there.address} | {there.kind} | listed={there.listed} | {there.note}"


def _people(scene: Scene) -> Iterator[str]:
    for rule in scene.rules:
        on = f"{rule.on} {'/'.join(rule.reads_as)} {', '.join(rule.mentions)}".rstrip()
        yield f"# RULE {rule.key}: {rule.person} on {on} after {rule.delay} min -> {rule.effect}"
        yield rule.body
    for number, reply in enumerate(scene.advocate.replies if scene.advocate else (), start=1):
        decided = " -> stays" if reply.stays else " -> refuses" if reply.refuses else ""
        yield f"# ADVOCATE {number}: {reply.subject} after {reply.delay} min{decided}"
        yield reply.body
