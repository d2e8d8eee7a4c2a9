"""People: who notices what, when they answer, and what they do. Rules and texts come from the scene."""

from __future__ import annotations

from typing import Literal

from advocate_evals.environment.office_state import AgendaEvent, Desk, LedgerEntry, MailMessage
from advocate_evals.scenarios.scenario_records import ScenarioRule
from advocate_evals.scoring_facts import MailReading
from advocate_evals.text_rules.letter_text import Letter
from advocate_evals.text_rules.mail_readings import read_mail_as


def schedule_reaction(
    desk: Desk,
    kind: Literal["answer", "bounce", "petition"],
    ref: str,
    delay: int,
    entry: LedgerEntry,
    *,
    about: int | None = None,
    ticket: int | None = None,
) -> None:
    """Set what somebody is going to do."""
    world = desk.world
    number = max((event.n for event in world.agenda), default=0) + 1
    world.agenda.append(
        AgendaEvent(
            at=world.now + max(delay, 1), n=number, kind=kind, ref=ref, about=about, ticket=ticket, cause=entry.n
        )
    )


def react_to_mail(desk: Desk, entry: LedgerEntry, message: MailMessage, reached: list[str]) -> None:
    """Those a mail reached react to it."""
    letter = Letter(
        to=tuple(message.to),
        cc=tuple(message.cc),
        subject=message.subject,
        body=message.body,
        earlier=str(entry.facts.get("earlier", "")),
    )
    read = read_mail_as(letter, desk.scene.case)
    text = f"{message.subject}\n{message.body}".lower()
    for address in reached:
        contact = desk.contacts.get(address.lower())
        if contact is not None:
            _react(desk, entry, contact.address, "mail", read, text, about=message.number)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, about=message.number)


def react_to_case(desk: Desk, entry: LedgerEntry, office: str, subject: str, body: str, ticket: int) -> None:
    """An office reacts to a case."""
    read = read_mail_as(Letter(to=(office,), cc=(), subject=subject, body=body), desk.scene.case)
    _react(desk, entry, office, "case", read, f"{subject}\n{body}".lower(), ticket=ticket)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, ticket=ticket)


def react_to_system(desk: Desk, entry: LedgerEntry, happening: str, text: str) -> None:
    """Whoever watches a system notices what was done in it."""
    for address in dict.fromkeys(rule.person for rule in desk.scene.rules if rule.on == happening):
        _react(desk, entry, address, happening, frozenset(), text.lower())


def react_to_petition(desk: Desk, entry: LedgerEntry, *, about: int | None = None, ticket: int | None = None) -> None:
    """Whoever the mechanism brings takes up what is first written to them; further mails are added to it."""
    desk.world.petitions += bool(entry.facts.get("petition"))
    for place, advocate in enumerate(desk.scene.advocates):
        address = advocate.contact.address
        if address not in entry.facts["to_advocate"] or desk.world.used.get(address):
            continue
        desk.world.used[address] = 1
        for number, reply in enumerate(advocate.replies):
            schedule_reaction(desk, "petition", f"{place}.{number}", reply.delay, entry, about=about, ticket=ticket)


def _react(
    desk: Desk,
    entry: LedgerEntry,
    address: str,
    happening: str,
    read: frozenset[MailReading],
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
            schedule_reaction(desk, "answer", rule.key, rule.delay, entry, about=about, ticket=ticket)
            return


def _matches(rule: ScenarioRule, read: frozenset[MailReading], text: str) -> bool:
    if rule.reads_as and not read.intersection(rule.reads_as):
        return False
    return not rule.mentions or any(word in text for word in rule.mentions)
