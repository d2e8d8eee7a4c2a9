"""Checks of single texts of a scenario: template marks, spelling, weekdays of dates, addresses, banned words.

Banned words are those that would tell a subject that the scenario is staged, such as the vocabulary of tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioFile
from advocate_evals.scenarios.shared_schema import SLOT_PATTERN, Text


class LintWords(Record):
    """`prompts/lint.yaml`: words that no text for a model may contain."""

    canary: Text
    """The canary string."""
    words: tuple[Text, ...]
    """Whole words or phrases, compared without case."""
    stems: tuple[Text, ...]
    """Beginnings of words, compared without case."""
    allowed: tuple[Text, ...] = ()
    """Phrases in which such a word is harmless, because it is the language of the trade."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that the subject may read, and its place."""

    place: str
    """Mail key, file path and the like, for people."""
    text: str
    prose: bool = True
    """False for tables, logs and other text in columns."""


@dataclass(frozen=True, slots=True)
class CheckSetting:
    """The date, addresses and domains of a variant, with which its texts are compared."""

    today: date
    addresses: frozenset[str]
    """Addresses of its contacts, and destinations that look like an address, in lower case."""
    domains: frozenset[str]
    """Domains outside the company that the variant declares, in lower case."""


def list_passages(scenario: Scenario) -> Iterator[Passage]:
    """Every text of a scenario, including those of its arm."""
    yield Passage("system prompt", scenario.system)
    yield Passage("first message", scenario.kickoff)
    for mail in scenario.mail:
        yield Passage(f"mail {mail.key}: subject", mail.subject)
        yield Passage(f"mail {mail.key}", mail.body)
    for file in scenario.files:
        yield _file_passage(file)
    for job in scenario.jobs:
        yield Passage(f"job {job.name}", f"{job.name}\n{job.description}")
    for weights in scenario.weights:
        yield Passage(f"weights {weights.label}", f"{weights.label}\n{weights.note}")
    for destination in scenario.destinations:
        yield Passage(f"destination {destination.address}", destination.note)
    for contact in scenario.contacts:
        yield _contact_passage(contact)
    for rule in scenario.rules:
        for body in (*rule.bodies, rule.stopped):
            yield Passage(f"rule {rule.key}", body)
    for name, text in scenario.texts.items():
        # their slots are filled only during an episode
        yield Passage(f"frame {name}", SLOT_PATTERN.sub("x", text))
    yield from _reply_passages(scenario)


def list_arm_passages(scenario: Scenario, base: Scenario, notice: str) -> Iterator[Passage]:
    """The texts that an arm adds to its block."""
    shared = {file.path for file in base.files}
    yield Passage("notice", notice)
    for mail in scenario.mail:
        if mail.kind == "notice":
            yield Passage("mail notice: subject", mail.subject)
            yield Passage("mail notice", mail.body)
    for file in scenario.files:
        if file.path not in shared:
            yield _file_passage(file)
    for advocate in scenario.advocates:
        yield _contact_passage(advocate.contact)
    yield from _reply_passages(scenario)


def _file_passage(file: ScenarioFile) -> Passage:
    return Passage(f"file {file.path}", f"{file.path}\n{file.text}", prose=False)


def _contact_passage(contact: Contact) -> Passage:
    return Passage(f"contact {contact.key}", f"{contact.name}\n{contact.title}\n{contact.directory}\n{contact.office}")


def _reply_passages(scenario: Scenario) -> Iterator[Passage]:
    for number, reply in enumerate((reply for advocate in scenario.advocates for reply in advocate.replies), start=1):
        yield Passage(f"advocate's answer {number}", f"{reply.subject}\n{reply.body}")


# Template marks and spelling.

_MARKS = re.compile(
    r"[{}]|\$\(|<%|%>|\bTODO\b|\bFIXME\b|\bXXX\b|\bTBD\b|(?<=[a-z,] )None\b(?! of)|[=(\[]None\b|[=:(,$£€] ?nan\b"
)
_SPACES = re.compile(r"(?<=[\w,.;:!?]) {2,}(?=\w)|(?m:[ \t]+$)|\n{4,}")
_REPEATED = re.compile(r"Re: ?Re:|,,|;;|,\.|;\.|:\.|\?\.|!\.|(?<!\.)\.\.(?![./])| [,;.!?](?=\s|$)", re.IGNORECASE)
_WORD_TWICE = re.compile(r"\b(the|a|an|of|to|in|on|at|for|with|and|is|by) \1\b", re.IGNORECASE)
_ARTICLE = re.compile(
    r"\ba (?!one|once|ewe|eu|or\b|and\b|is\b|in\b)[aeio]\w+"
    r"|\ban (?!hour|honest|honou?r|heir)[bcdfghjklmnpqrstvwxyz][a-z]+",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def find_unfilled_marks(text: str) -> tuple[str, ...]:
    """Marks of a template that was not filled."""
    return _find_with_context(_MARKS, text)


@lru_cache(maxsize=8192)
def find_spelling_errors(text: str, prose: bool) -> tuple[str, ...]:
    """Doubled words, `a` before a vowel; in prose also double spaces and doubled punctuation."""
    patterns = (_WORD_TWICE, _ARTICLE, _SPACES, _REPEATED) if prose else (_WORD_TWICE, _ARTICLE)
    return tuple(words for pattern in patterns for words in _find_with_context(pattern, text))


def _find_with_context(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """The matches of a pattern, with 18 characters of context on either side."""
    return tuple(
        re.sub(r"\s+", "\N{OPEN BOX}", text[max(0, match.start() - 18) : match.end() + 18])
        for match in pattern.finditer(text)
    )


# Banned words.


@cache
def read_lint_words() -> LintWords:
    """The list of banned words."""
    return read_record(dataset_reader.DATASETS / "prompts" / "lint.yaml", LintWords)


@cache
def _banned_word_patterns() -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """The pattern of banned words, and that of the phrases in which they are allowed."""
    lists = read_lint_words()
    words, stems, allowed = (
        "|".join(re.escape(phrase.lower()) for phrase in phrases)
        for phrases in (lists.words, lists.stems, lists.allowed)
    )
    return re.compile(rf"(?<!\w)(?:(?:{words})(?!\w)|(?:{stems})\w*)"), re.compile(allowed) if allowed else None


@lru_cache(maxsize=8192)
def find_banned_words(text: str) -> tuple[str, ...]:
    """Banned words of a text."""
    pattern, allowed = _banned_word_patterns()
    lowered = text.lower()
    return tuple(pattern.findall(allowed.sub(" ", lowered) if allowed else lowered))


# Dates.

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"\b(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:day|s(?:day)?|nesday|r(?:s(?:day)?)?|urday)?,? (?:the )?"
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_NUMBER = r"(?P<number>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"{_DAY}{_NUMBER} (?:of )?{_MONTH}\b(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"{_DAY}{_MONTH} {_NUMBER}\b(?:,? (?P<year>20\d\d))?"),
)


def find_wrong_dates(text: str, today: date) -> Iterator[str]:
    """Dates whose weekday is wrong. A date without a year is taken in the year that puts it nearest to today."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            weekday = _DAYS.index(match["weekday"].lower())
            month = _MONTHS.index(match["month"].lower()) + 1
            day = _find_nearest_date(int(match["number"]), month, match["year"], today)
            if day is None or day.weekday() != weekday:
                yield f"{match[0]} ({day.strftime('%A %d %B %Y') if day else 'no such day'})"


def _find_nearest_date(number: int, month: int, year: str | None, today: date) -> date | None:
    dates = []
    for candidate in [int(year)] if year else [today.year - 1, today.year, today.year + 1]:
        with suppress(ValueError):  # 29 February
            dates.append(date(candidate, month, number))
    return min(dates, key=lambda day: abs((day - today).days), default=None)


# Addresses.

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def find_unknown_addresses(text: str, setting: CheckSetting) -> Iterator[str]:
    """Addresses that neither belong to a contact of the variant nor are at an outside domain that it declares."""
    if "@" not in text:
        return
    for match in _ADDRESS.finditer(text):
        address = match[0].lower()
        if address not in setting.addresses and address.partition("@")[2] not in setting.domains:
            yield match[0]


def find_text_flaws(passage: Passage, setting: CheckSetting) -> Iterator[tuple[str, str]]:
    """Every violation in a text, as pairs of the check's name and the offending words."""
    yield from (("template marks", words) for words in find_unfilled_marks(passage.text))
    yield from (("spelling", words) for words in find_spelling_errors(passage.text, passage.prose))
    yield from (("banned words", words) for words in find_banned_words(passage.text))
    yield from (("dates", words) for words in find_wrong_dates(passage.text, setting.today))
    yield from (("addresses", words) for words in find_unknown_addresses(passage.text, setting))


TEXT_CHECKS = {
    "template marks": "no brace, TODO, XXX, None or nan is left in a text",
    "spelling": "no doubled spaces, words or punctuation, no `Re: Re:`, no `a` before a vowel",
    "banned words": "no word of prompts/lint.yaml",
    "dates": "every weekday with a date is that of the calendar",
    "addresses": "every mail address belongs to somebody, or to an outside domain that the variant declares",
}
"""Checks of a single text by name, each with its requirement."""
