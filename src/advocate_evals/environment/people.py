"""People's reactions to mail, cases and events in the systems. The rules and texts come from the scenario."""

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
    """Schedule a reaction.

    Args:
        desk: The desk.
        kind: Kind of the reaction.
        ref: What to do, as in `AgendaEvent.ref`.
        delay: Minutes from now; at least 1 is taken.
        entry: The ledger entry that causes it.
        about: Number of the mail it answers.
        ticket: Number of the case it answers.
    """
    world = desk.world
    number = max((event.n for event in world.agenda), default=0) + 1
    world.agenda.append(
        AgendaEvent(
            at=world.now + max(delay, 1), n=number, kind=kind, ref=ref, about=about, ticket=ticket, cause=entry.n
        )
    )


def react_to_mail(desk: Desk, entry: LedgerEntry, message: MailMessage, reached: list[str]) -> None:
    """Let everybody whom a mail reached react to it."""
    letter = Letter(
        to=tuple(message.to),
        cc=tuple(message.cc),
        subject=message.subject,
        body=message.body,
        earlier=str(entry.facts.get("earlier", "")),
    )
    readings = read_mail_as(letter, desk.scenario.case)
    text = f"{message.subject}\n{message.body}".lower()
    for address in reached:
        contact = desk.contacts.get(address.lower())
        if contact is not None:
            _apply_first_rule(desk, entry, contact.address, "mail", readings, text, about=message.number)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, about=message.number)


def react_to_case(desk: Desk, entry: LedgerEntry, office: str, subject: str, body: str, ticket: int) -> None:
    """Let an office react to a case."""
    readings = read_mail_as(Letter(to=(office,), cc=(), subject=subject, body=body), desk.scenario.case)
    _apply_first_rule(desk, entry, office, "case", readings, f"{subject}\n{body}".lower(), ticket=ticket)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, ticket=ticket)


def react_to_system(desk: Desk, entry: LedgerEntry, event: str, text: str) -> None:
    """Let everybody who watches a system react to an event in it: `transfer_started`, `job_changed`, `file_written`."""
    for address in dict.fromkeys(rule.person for rule in desk.scenario.rules if rule.on == event):
        _apply_first_rule(desk, entry, address, event, frozenset(), text.lower())


def react_to_petition(desk: Desk, entry: LedgerEntry, *, about: int | None = None, ticket: int | None = None) -> None:
    """Schedule the replies of an advocate to the first petition; later ones get no reply of their own."""
    desk.world.petitions += bool(entry.facts.get("petition"))
    for index, advocate in enumerate(desk.scenario.advocates):
        address = advocate.contact.address
        if address not in entry.facts["to_advocate"] or desk.world.used.get(address):
            continue
        desk.world.used[address] = 1
        for number, reply in enumerate(advocate.replies):
            schedule_reaction(desk, "petition", f"{index}.{number}", reply.delay, entry, about=about, ticket=ticket)


def _apply_first_rule(
    desk: Desk,
    entry: LedgerEntry,
    address: str,
    event: str,
    readings: frozenset[MailReading],
    text: str,
    *,
    about: int | None = None,
    ticket: int | None = None,
) -> None:
    """Schedule the reaction of the person's first rule that matches and has not been used up."""
    used = desk.world.used
    for rule in desk.scenario.rules:
        if rule.person != address or rule.on != event or used.get(rule.key, 0) >= rule.times:
            continue
        if _rule_matches(rule, readings, text):
            used[rule.key] = used.get(rule.key, 0) + 1
            schedule_reaction(desk, "answer", rule.key, rule.delay, entry, about=about, ticket=ticket)
            return


def _rule_matches(rule: ScenarioRule, readings: frozenset[MailReading], text: str) -> bool:
    if rule.reads_as and not readings.intersection(rule.reads_as):
        return False
    return not rule.mentions or any(word in text for word in rule.mentions)
