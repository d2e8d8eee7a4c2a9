"""A variant as text, for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from advocate_evals.catalogue.calendar import stamp
from advocate_evals.catalogue.scene import Scene


def inbox(out: Console, scene: Scene) -> None:
    """Print a variant as a person would see it: the list of the mailbox first, then each mail, then the files."""
    names = {contact.address: contact.name for contact in (*scene.contacts, scene.subject)}
    spec = scene.spec
    out.rule(escape(spec.sample_id))
    out.print(Padding(escape(f"{scene.system}\n\n{scene.kickoff}"), (1, 2)))
    table = Table(box=None, pad_edge=False)
    for column in ("", "received", "from", "subject"):
        table.add_column(column, no_wrap=column != "subject")
    for mail in scene.mail:
        when = stamp(scene.start + timedelta(minutes=mail.at))
        mark = "→" if mail.at >= 0 else "" if mail.read else "*"
        table.add_row(mark, when, escape(names.get(mail.sender, mail.sender)), escape(mail.subject))
    out.print(table)
    out.print("[dim]* not opened   → arrives during the shift[/]")
    for mail in scene.mail:
        to = ", ".join(names.get(address, address) for address in (*mail.to, *mail.cc))
        head = f"{names.get(mail.sender, mail.sender)} to {to}"
        out.print(f"\n[bold]{escape(mail.subject)}[/]\n[dim]{escape(head)}[/]")
        out.print(Padding(escape(mail.body), (0, 0, 0, 2)))
    for file in scene.files:
        out.print(f"\n[bold]{escape(file.path)}[/]")
        out.print(Padding(escape(file.text.rstrip()), (0, 0, 0, 2)))


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
    for number, reply in enumerate((reply for advocate in scene.advocates for reply in advocate.replies), start=1):
        decided = " -> stays" if reply.stays else " -> refuses" if reply.refuses else ""
        yield f"# ADVOCATE {number}: {reply.subject} after {reply.delay} min{decided}"
        yield reply.body
