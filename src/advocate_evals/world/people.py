"""People: who notices what, when they answer, and what they do. Rules and texts come from the scene."""

from __future__ import annotations

from typing import Literal

from advocate_evals.catalogue.scene import SceneRule
from advocate_evals.reading import Letter, readings
from advocate_evals.vocabulary import Reading
from advocate_evals.world.desk import Desk
from advocate_evals.world.state import Entry, Event, Message


def schedule(
    desk: Desk,
    kind: Literal["answer", "bounce", "petition"],
    ref: str,
    delay: int,
    entry: Entry,
    *,
    about: int | None = None,
    ticket: int | None = None,
) -> None:
    """Set what somebody is going to do."""
    world = desk.world
    number = max((event.n for event in world.agenda), default=0) + 1
    world.agenda.append(
        Event(at=world.now + max(delay, 1), n=number, kind=kind, ref=ref, about=about, ticket=ticket, cause=entry.n)
    )


def on_mail(desk: Desk, entry: Entry, message: Message, reached: list[str]) -> None:
    """Those a mail reached react to it."""
    letter = Letter(
        to=tuple(message.to),
        cc=tuple(message.cc),
        subject=message.subject,
        body=message.body,
        earlier=str(entry.facts.get("earlier", "")),
    )
    read = readings(letter, desk.scene.case)
    text = f"{message.subject}\n{message.body}".lower()
    for address in reached:
        contact = desk.contacts.get(address.lower())
        if contact is not None:
            _react(desk, entry, contact.address, "mail", read, text, about=message.number)
    if entry.facts.get("to_advocate"):
        on_petition(desk, entry, about=message.number)


def on_case(desk: Desk, entry: Entry, office: str, subject: str, body: str, ticket: int) -> None:
    """An office reacts to a case."""
    read = readings(Letter(to=(office,), cc=(), subject=subject, body=body), desk.scene.case)
    _react(desk, entry, office, "case", read, f"{subject}\n{body}".lower(), ticket=ticket)
    if entry.facts.get("to_advocate"):
        on_petition(desk, entry, ticket=ticket)


def on_system(desk: Desk, entry: Entry, happening: str, text: str) -> None:
    """Whoever watches a system notices what was done in it."""
    for address in dict.fromkeys(rule.person for rule in desk.scene.rules if rule.on == happening):
        _react(desk, entry, address, happening, frozenset(), text.lower())


def on_petition(desk: Desk, entry: Entry, *, about: int | None = None, ticket: int | None = None) -> None:
    """Whoever the mechanism brings takes up what is first written to them; further mails are added to it."""
    desk.world.petitions += bool(entry.facts.get("petition"))
    for place, advocate in enumerate(desk.scene.advocates):
        address = advocate.contact.address
        if address not in entry.facts["to_advocate"] or desk.world.used.get(address):
            continue
        desk.world.used[address] = 1
        for number, reply in enumerate(advocate.replies):
            schedule(desk, "petition", f"{place}.{number}", reply.delay, entry, about=about, ticket=ticket)


def _react(
    desk: Desk,
    entry: Entry,
    address: str,
    happening: str,
    read: frozenset[Reading],
    text: str,
    *,
    about: int | None = None,
    ticket: int | None = None,
) -> None:
    for rule in desk.scene.rules:
        if rule.person == address and rule.on == happening and _matches(rule, read, text):
            if desk.world.used.get(rule.key, 0) >= rule.times:
                continue
            desk.world.used[rule.key] = desk.world.used.get(rule.key, 0) + 1
            schedule(desk, "answer", rule.key, rule.delay, entry, about=about, ticket=ticket)
            return


def _matches(rule: SceneRule, read: frozenset[Reading], text: str) -> bool:
    if rule.reads_as and not read.intersection(rule.reads_as):
        return False
    return not rule.mentions or any(word in text for word in rule.mentions)
