"""People's reactions to mail, cases and events in the systems. The rules and texts come from the scenario.

Nobody reads prose. Whoever holds a way out that is open opens it to any mail or case that is not work. All others
answer with texts that are true whatever the mail said, except where a rule of `text_rules` states a fact about it. Such
a text comes only from whom a mail is addressed to first: not everybody who has a copy writes that it has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advocate_evals.environment.office_state import AgendaEvent, Desk, LedgerEntry, MailMessage
from advocate_evals.environment.outgoing_texts import OutgoingText, read_letter
from advocate_evals.scenarios.scenario_records import ScenarioRule
from advocate_evals.text_rules.letter_text import Letter, normalise_spelling
from advocate_evals.text_rules.mail_readings import hands_in_work, read_mail_as
from advocate_evals.text_rules.work_results import find_fact_places


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A mail or case as it reaches people."""

    entry: LedgerEntry
    text: OutgoingText
    addressee: str
    """Whom it is addressed to first, in lower case."""
    is_work: bool = False
    about: int | None = None
    ticket: int | None = None

    @property
    def event(self) -> Literal["mail", "case"]:
        return "mail" if self.ticket is None else "case"


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


def find_rule(desk: Desk, key: str) -> ScenarioRule:
    """The rule of that key."""
    return next(rule for rule in desk.scenario.rules if rule.key == key)


def react_to_mail(desk: Desk, entry: LedgerEntry, message: MailMessage, reached: list[str]) -> None:
    """Let everybody whom a mail reached react to it."""
    text = read_letter(entry, desk.scenario.case)
    is_work = _answers_work(desk, message) or hands_in_work(text.as_letter(), desk.scenario.case, text.reached)
    arrival = _Arrival(entry, text, message.to[0].lower() if message.to else "", is_work, about=message.number)
    for address in reached:
        contact = desk.contacts.get(address.lower())
        if contact is not None:
            _react_to_arrival(desk, arrival, contact.address)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, about=message.number)


def _answers_work(desk: Desk, message: MailMessage) -> bool:
    """Whether a mail belongs to a thread in which somebody asked for work."""
    numbers: set[int] = set()
    parent = message.reply_to
    while parent and parent not in numbers:
        numbers.add(parent)
        original = desk.get_message(parent)
        if original.key and desk.scenario_mail[original.key].kind == "work":
            return True
        parent = original.reply_to
    return False


def is_answered(desk: Desk, request: str, sender: str) -> bool:
    """Whether the subject has answered a request for work: to the person in its thread or with a result, or in a file.

    Args:
        desk: The desk.
        request: Key of the mail that asks.
        sender: Address of the person who waits.
    """
    number = desk.find_number(request)
    if number is None:
        return False
    case, subject = desk.scenario.case, desk.scenario.subject.address
    for message in (message for message in desk.world.messages if message.sender == subject):
        letter = Letter(tuple(message.to), tuple(message.cc), message.subject, message.body)
        reaches_sender = sender.lower() in letter.recipients
        if reaches_sender and (message.reply_to == number or hands_in_work(letter, case, letter.recipients)):
            return True
    request_text = desk.scenario_mail[request].body
    return any(item.path and item.path in request_text and item.path in desk.world.files for item in case.work)


def react_to_case(desk: Desk, entry: LedgerEntry, office: str, ticket: int) -> None:
    """Let an office react to a case."""
    text = read_letter(entry, desk.scenario.case)
    is_work = hands_in_work(text.as_letter(), desk.scenario.case, text.reached)
    _react_to_arrival(desk, _Arrival(entry, text, office.lower(), is_work, ticket=ticket), office)
    if entry.facts.get("to_advocate"):
        react_to_petition(desk, entry, ticket=ticket)


def react_to_system(desk: Desk, entry: LedgerEntry, event: str, text: str) -> None:
    """Let everybody who watches a system react to an event in it: `transfer_started`, `job_changed`, `file_written`.

    Somebody who is about to write about such an event writes no second mail about the next one.
    """
    lower, pending = text.lower(), {reaction.ref for reaction in desk.world.agenda}
    rules = [rule for rule in desk.scenario.rules if rule.on == event and _has_use(desk, rule)]
    for address in dict.fromkeys(rule.person for rule in rules):
        own = (rule for rule in rules if rule.person == address)
        rule = next((rule for rule in own if not rule.mentions or any(word in lower for word in rule.mentions)), None)
        if rule is not None and rule.key not in pending:
            schedule_reaction(desk, "answer", rule.key, rule.delay, entry)


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


def _react_to_arrival(desk: Desk, arrival: _Arrival, address: str) -> None:
    """Schedule a person's answer to a mail or case; only one answer of a person is pending at a time.

    A later mail takes the place of a pending answer unless that one matters more: people answer the last word that
    they have.
    """
    rule = _choose_rule(desk, arrival, address)
    if rule is None or any(reaction.ref == rule.key for reaction in desk.world.agenda):
        return
    pending = next(
        (reaction for reaction in desk.world.agenda if _answers_alike(desk, reaction, arrival, address)), None
    )
    if pending is not None:
        if _rank_rule(rule) < _rank_rule(find_rule(desk, pending.ref)):
            return
        desk.world.agenda.remove(pending)
    schedule_reaction(desk, "answer", rule.key, rule.delay, arrival.entry, about=arrival.about, ticket=arrival.ticket)


def _answers_alike(desk: Desk, reaction: AgendaEvent, arrival: _Arrival, address: str) -> bool:
    """Whether a reaction is a person's pending answer, to a mail if this is a mail, to a case if it is a case."""
    numbers = (reaction.about, reaction.ticket)
    if reaction.kind != "answer" or numbers == (None, None) or find_rule(desk, reaction.ref).person != address:
        return False
    return (reaction.ticket is None) == (arrival.ticket is None)


def _choose_rule(desk: Desk, arrival: _Arrival, address: str) -> ScenarioRule | None:
    """The rule by which a person answers: that of an open way, unless it is work, else the first that matches."""
    rules = [rule for rule in desk.scenario.rules if rule.person == address and _has_use(desk, rule)]
    opening = next((rule for rule in rules if rule.opens_way), None)
    if opening is not None and not arrival.is_work:
        return opening
    text, is_addressee = arrival.text, arrival.addressee == address.lower()
    readings = read_mail_as(text.as_letter(), desk.scenario.case, address, attached=text.attached_text)
    for rule in rules:
        if rule.opens_way or rule.on != arrival.event or (_only_acknowledges(rule) and not is_addressee):
            continue
        if (not rule.reads_as or readings.intersection(rule.reads_as)) and _states_facts(rule, text.full_text):
            return rule
    return None


def _only_acknowledges(rule: ScenarioRule) -> bool:
    """Whether a rule answers any mail whatever it says, and does nothing else; an automatic reply goes to everybody."""
    if rule.is_automatic:
        return False
    return not rule.reads_as and not rule.mentions and not rule.lacks and rule.effect == "none"


def _has_use(desk: Desk, rule: ScenarioRule) -> bool:
    return desk.world.used.get(rule.key, 0) < rule.uses


def _states_facts(rule: ScenarioRule, text: str) -> bool:
    """Whether a text states a fact that the rule wants, and none that it does not want."""
    plain = normalise_spelling(text)
    mentioned = not rule.mentions or any(find_fact_places(plain, fact) for fact in rule.mentions)
    return mentioned and not any(find_fact_places(plain, fact) for fact in rule.lacks)


def _rank_rule(rule: ScenarioRule) -> int:
    """What a pending answer weighs: most, an opened way; then one with an effect; then one to a fact of the mail."""
    return 3 if rule.opens_way else 2 if rule.effect != "none" else 1 if rule.reads_as else 0
