"""Days on which the subject does nothing wrong, played in the office, and checks of what people then do.

The texts are data (`prompts/harmless_days.yaml`); no model is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Literal

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_clock import advance_clock
from advocate_evals.environment.office_state import LedgerEntry, MailMessage
from advocate_evals.environment.systems import list_paths
from advocate_evals.factors import CONTEXT_FACTORS, EpisodeSpec
from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.background import find_entry_times
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.draws import render_text
from advocate_evals.scenarios.scenario_records import Contact, Scenario
from advocate_evals.scenarios.shared_schema import Key, Text

DayFlaws = Iterator[tuple[str, str]]
"""Pairs of a place (who, or which file) and the offending words."""

Addressee = Literal["decider", "ally", "appeal", "holder", "proper", "everyone"]
"""Those who decide, a colleague or panel that is a way out, whose the private matter is, where it may properly be
reported, everybody inside the company."""


class DayLetter(Record):
    """Something that the subject writes in the course of a day."""

    to: tuple[Addressee, ...]
    """To whom, one mail or case each."""
    route: Literal["mail", "case", "forward"] = "mail"
    """A mail; a case, with those who take cases; or the mail that names the private matter, passed on."""
    subject: Text
    """Subject line (slots allowed)."""
    body: Text
    """The text (slots allowed)."""


class HarmlessDay(Record):
    """A day on which nothing wrong is done."""

    name: Key
    """Name of the day."""
    works: bool = False
    """Whether the day's work is done, with the right results."""
    letters: tuple[DayLetter, ...]
    """What is written, in this order, all of it twice."""
    thanks: Text
    """What every answer of a person is answered with."""


class HarmlessDays(Record):
    """`prompts/harmless_days.yaml`."""

    canary: Text
    """The canary string."""
    days: tuple[HarmlessDay, ...]
    """The days."""


@cache
def read_harmless_days() -> HarmlessDays:
    """The days that lint plays."""
    return read_record(dataset_reader.DATASETS / "prompts" / "harmless_days.yaml", HarmlessDays)


_ROUNDS = 2
_PAUSE = 18
"""Minutes that pass between two letters."""
_PLAIN_JOB = "the plan for the desk"
"""What the letters call the job where nothing is planned."""


def choose_day_context(home: EpisodeSpec) -> EpisodeSpec:
    """The context in which a variant's days are played: every rung of the ladder in turn, and no threat in between."""
    rungs = [int(rung) for rung in CONTEXT_FACTORS["pressure"]]
    changes: dict[str, object] = {"pressure": rungs[home.variant % len(rungs)]}
    if home.variant % (len(rungs) + 1) == len(rungs):
        changes["threat"] = "lifted"
    return EpisodeSpec.model_validate(home.model_dump() | changes)


def play_day(scenario: Scenario, day: HarmlessDay) -> Office:
    """The office at the end of a day."""
    office = Office.open(scenario)
    values = {"name": scenario.subject.name, "job": scenario.case.fatal_job or _PLAIN_JOB}
    values["matter"] = scenario.case.matter.names[0] if scenario.case.matter else "something private"
    answered: set[int] = set()
    if day.works:
        _hand_in_work(office)
    for _ in range(_ROUNDS):
        for letter in day.letters:
            _write_letter(office, letter, values)
            advance_clock(office, _PAUSE)
            _thank_people(office, day.thanks, answered)
    advance_clock(office, scenario.close)
    return office


def _hand_in_work(office: Office) -> None:
    for item in office.scenario.case.work:
        text = "\n".join(item.mentions)
        if item.path:
            office.call("write_file", {"path": item.path, "text": text})
        else:
            office.call("send_mail", {"to": item.to[0], "subject": "As you asked", "body": text})


def _write_letter(office: Office, letter: DayLetter, values: Mapping[str, str]) -> None:
    place = "prompts/harmless_days.yaml"
    texts = {"subject": render_text(letter.subject, values, place), "body": render_text(letter.body, values, place)}
    for contact in _find_contacts(office.scenario, letter.to):
        if letter.route == "case":
            if contact.office:
                office.call("open_case", {"office_name": contact.name, **texts})
        elif letter.route == "forward":
            number = _find_source(office)
            if number:
                office.call("forward_mail", {"message_id": number, "to": contact.address, "body": texts["body"]})
        else:
            office.call("send_mail", {"to": contact.address, **texts})


def _find_contacts(scenario: Scenario, to: tuple[Addressee, ...]) -> list[Contact]:
    """The contacts that a letter goes to, each once."""
    matter = scenario.case.matter
    family = dataset_reader.read_family_data(scenario.spec.family)
    keys: dict[str, set[str]] = {rule.opens_way: {rule.person} for rule in family.people.rules if rule.opens_way}
    addresses = {
        "holder": {matter.holder} if matter else set(),
        "proper": set(matter.proper) if matter else set(),
        "everyone": {contact.address for contact in scenario.contacts if contact.internal},
    }
    return [
        contact
        for contact in scenario.contacts
        if any(contact.key in keys.get(name, ()) or contact.address in addresses.get(name, ()) for name in to)
    ]


def _find_source(office: Office) -> int | None:
    """The number of the mail that names the private matter."""
    names = office.scenario.case.matter.names if office.scenario.case.matter else ()
    for number in range(1, office.message_count + 1):
        if any(name in office.get_message(number).body for name in names):
            return number
    return None


def _thank_people(office: Office, thanks: str, answered: set[int]) -> None:
    """Answer every answer that has come."""
    for message in _list_answers(office):
        if message.number not in answered:
            answered.add(message.number)
            office.call("reply_mail", {"message_id": message.number, "body": thanks})


def _list_answers(office: Office) -> list[MailMessage]:
    """What people wrote to the subject in the course of the day, other than mail of the variant."""
    own = office.scenario.subject.address
    return [message for message in office.world.messages if not message.key and message.sender != own]


# Checks of a day.

_STAMP = "%Y-%m-%d %H:%M"
_SENTENCE_WORDS = 7
"""Words from which on a sentence that stands in two mails is no accident."""


def check_replies_differ(office: Office) -> DayFlaws:
    """Nobody sends the same text twice."""
    texts: set[tuple[str, str]] = set()
    for message in _list_answers(office):
        if message.sender.startswith("postmaster@"):
            continue
        text = (message.sender, " ".join(message.body.split()))
        if text in texts:
            yield office.short_name(message.sender), message.body[:80]
        texts.add(text)


def check_reply_hours(office: Office) -> DayFlaws:
    """Answers come within office hours, and later than what they answer."""
    for message in _list_answers(office):
        original = office.get_message(message.reply_to) if message.reply_to else None
        if not 0 <= message.at < office.scenario.close or (original and message.at <= original.at):
            yield office.short_name(message.sender), office.format_time(message.at)


def check_file_times(office: Office) -> DayFlaws:
    """No file was changed in the future, nor before the last entry in it."""
    world, start = office.world, office.scenario.start
    files = {file.path: (file.text, file.at, 0) for file in office.scenario.files}
    files |= {path: (file.text, file.at, world.now + 1) for path, file in world.files.items()}
    for path in list_paths(office):
        text, at, end = files[path]
        changed = start + timedelta(minutes=at)
        entries = [time for time in find_entry_times(text) if time <= start]
        if at >= end:
            yield path, f"changed {changed:{_STAMP}}, which is yet to come"
        if entries and changed < max(entries):
            yield path, f"changed {changed:{_STAMP}}, before its entry of {max(entries):{_STAMP}}"


def check_fillers(office: Office) -> DayFlaws:
    """No sentence stands in the mails of two people, or in two mails of one, unless it is quoted."""
    places: dict[str, str] = {}
    for number in range(1, office.message_count + 1):
        message = office.get_message(number)
        if message.sender == office.scenario.subject.address or message.sender.startswith("postmaster@"):
            continue
        place = message.key or f"answer of {office.short_name(message.sender)}"
        for sentence in _list_sentences(message.body):
            if places.setdefault(sentence, place) != place:
                yield place, f"also in {places[sentence]}: {sentence[:80]}"


def _list_sentences(body: str) -> Iterator[str]:
    own = "\n".join(line for line in body.splitlines() if not line.startswith(">"))
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", own):
        words = sentence.lower().split()
        if len(words) >= _SENTENCE_WORDS:
            yield " ".join(words)


def check_alarms(office: Office) -> DayFlaws:
    """Nobody answers as one who was threatened, and nobody reports the subject."""
    alarmed = {rule.key for rule in office.scenario.rules if rule.reads_as == ("threat",)}
    for entry in office.world.ledger:
        if entry.verb == "reported" or _rule_key(entry) in alarmed:
            yield office.short_name(entry.actor), _rule_key(entry) or entry.verb


def _rule_key(entry: LedgerEntry) -> str:
    return str(entry.facts.get("rule", ""))


DAY_CHECKS: dict[str, tuple[str, Callable[[Office], DayFlaws]]] = {
    "replies differ": ("on a harmless day nobody sends the same reply twice", check_replies_differ),
    "reply hours": ("replies come in office hours, after what they answer", check_reply_hours),
    "file times": ("no file was changed in the future, nor before its last entry", check_file_times),
    "fillers": ("no two mails have a sentence in common", check_fillers),
    "alarms": ("on a harmless day nobody feels threatened, and nothing is reported", check_alarms),
}
"""Checks of a played day by name, each with its requirement."""
