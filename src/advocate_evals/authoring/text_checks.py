"""What a single text of a scene is checked for: marks, spelling, dates, addresses, smell of a stage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioFile
from advocate_evals.scenarios.shared_schema import SLOT_PATTERN, Text


class LintWords(Record):
    """`prompts/lint.yaml`: words that no text which a model reads may contain."""

    canary: Text
    """The canary string."""
    words: tuple[Text, ...]
    """Whole words or phrases, compared without case."""
    stems: tuple[Text, ...]
    """Beginnings of words, compared without case."""
    allowed: tuple[Text, ...] = ()
    """Phrases in which such a word is harmless, because the trade really speaks like that."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that the subject can come to read, and where it stands."""

    place: str
    """Mail key, file path and the like, for people."""
    text: str
    prose: bool = True
    """False for tables, logs and other text that is set in columns."""


@dataclass(frozen=True, slots=True)
class CheckSetting:
    """What the texts of a variant are held against."""

    today: date
    addresses: frozenset[str]
    """Addresses of everybody in it, and destinations that look like one, in lower case."""
    domains: frozenset[str]
    """Domains outside the company that the variant declares, in lower case."""


def list_passages(scene: Scenario) -> Iterator[Passage]:
    """Every text of a scene, the arm's own among them."""
    yield Passage("system prompt", scene.system)
    yield Passage("first message", scene.kickoff)
    for mail in scene.mail:
        yield Passage(f"mail {mail.key}: subject", mail.subject)
        yield Passage(f"mail {mail.key}", mail.body)
    for file in scene.files:
        yield _file(file)
    for job in scene.jobs:
        yield Passage(f"job {job.name}", f"{job.name}\n{job.description}")
    for weights in scene.weights:
        yield Passage(f"weights {weights.label}", f"{weights.label}\n{weights.note}")
    for there in scene.destinations:
        yield Passage(f"destination {there.address}", there.note)
    for contact in scene.contacts:
        yield _contact(contact)
    for rule in scene.rules:
        yield Passage(f"rule {rule.key}", rule.body)
    for name, text in scene.texts.items():
        # their slots are filled in the office, so they stand open here
        yield Passage(f"frame {name}", SLOT_PATTERN.sub("x", text))
    yield from _replies(scene)


def list_arm_passages(scene: Scenario, base: Scenario, notice: str) -> Iterator[Passage]:
    """The texts that an arm adds to its block."""
    shared = {file.path for file in base.files}
    yield Passage("notice", notice)
    for mail in scene.mail:
        if mail.kind == "notice":
            yield Passage("mail notice: subject", mail.subject)
            yield Passage("mail notice", mail.body)
    for file in scene.files:
        if file.path not in shared:
            yield _file(file)
    for advocate in scene.advocates:
        yield _contact(advocate.contact)
    yield from _replies(scene)


def _file(file: ScenarioFile) -> Passage:
    return Passage(f"file {file.path}", f"{file.path}\n{file.text}", prose=False)


def _contact(contact: Contact) -> Passage:
    return Passage(f"contact {contact.key}", f"{contact.name}\n{contact.title}\n{contact.directory}\n{contact.office}")


def _replies(scene: Scenario) -> Iterator[Passage]:
    for number, reply in enumerate((reply for advocate in scene.advocates for reply in advocate.replies), start=1):
        yield Passage(f"advocate's answer {number}", f"{reply.subject}\n{reply.body}")


# --- template marks and spelling ----------------------------------------------------------------------------------

_MARKS = re.compile(
    r"[{}]|\$\(|<%|%>|\bTODO\b|\bFIXME\b|\bXXX\b|\bTBD\b|(?<=[a-z,] )None\b(?! of)|[=(\[]None\b|[=:(,$£€] ?nan\b"
)
_SPACES = re.compile(r"(?<=[\w,.;:!?]) {2,}(?=\w)|(?m:[ \t]+$)|\n{4,}")
_REPEATED = re.compile(r"Re: ?Re:|,,|;;|,\.|;\.|:\.|\?\.|!\.|(?<!\.)\.\.(?![./])| [,;.!?](?=\s|$)", re.IGNORECASE)
_WORD_TWICE = re.compile(r"\b(the|a|an|of|to|in|on|at|for|with|and|is|by) \1\b", re.IGNORECASE)
_ARTICLE = re.compile(
    r"\ba (?!one|once|ewe|eu|or\b|and\b|is\b|in\b)[aeio]\w+|\ban (?!hour|honest|honou?r|heir)[bcdfghjklmnpqrstvwxyz][a-z]+",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def find_unfilled_marks(text: str) -> tuple[str, ...]:
    """Marks of a template that was not filled."""
    return _around(_MARKS, text)


@lru_cache(maxsize=8192)
def find_spelling_errors(text: str, prose: bool) -> tuple[str, ...]:
    """Double spaces in sentences, doubled words and punctuation, `a` before a vowel."""
    found = _around(_WORD_TWICE, text) + _around(_ARTICLE, text)
    return found + _around(_SPACES, text) + _around(_REPEATED, text) if prose else found


def _around(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """What the pattern finds, with a few words on either side."""
    return tuple(
        re.sub(r"\s+", "\N{OPEN BOX}", text[max(0, hit.start() - 18) : hit.end() + 18])
        for hit in pattern.finditer(text)
    )


# --- smell --------------------------------------------------------------------------------------------------------


@cache
def read_lint_words() -> LintWords:
    """The list of words, from data."""
    return read_record(dataset_reader.DATASETS / "prompts" / "lint.yaml", LintWords)


@cache
def _smell_patterns() -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    found = read_lint_words()
    words, stems = ("|".join(re.escape(word.lower()) for word in group) for group in (found.words, found.stems))
    allowed = "|".join(re.escape(phrase.lower()) for phrase in found.allowed)
    return re.compile(rf"(?<!\w)(?:(?:{words})(?!\w)|(?:{stems})\w*)"), re.compile(allowed) if allowed else None


@lru_cache(maxsize=8192)
def find_banned_words(text: str) -> tuple[str, ...]:
    """Words of a text that stand in the list."""
    pattern, allowed = _smell_patterns()
    lowered = text.lower()
    return tuple(pattern.findall(allowed.sub(" ", lowered) if allowed else lowered))


# --- dates --------------------------------------------------------------------------------------------------------

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"\b(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? (?:the )?"
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_NUMBER = r"(?P<number>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"{_DAY}{_NUMBER} (?:of )?{_MONTH}\b(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"{_DAY}{_MONTH} {_NUMBER}\b(?:,? (?P<year>20\d\d))?"),
)


def find_wrong_dates(text: str, today: date) -> Iterator[str]:
    """Dates whose weekday is not that of the calendar; without a year, of the year that is nearest to the day."""
    for pattern in _DATES:
        for hit in pattern.finditer(text):
            weekday = _DAYS.index(hit["weekday"].lower())
            there = _nearest(int(hit["number"]), _MONTHS.index(hit["month"].lower()) + 1, hit["year"], today)
            if there is None or there.weekday() != weekday:
                yield f"{hit[0]} ({there.strftime('%A %d %B %Y') if there else 'no such day'})"


def _nearest(number: int, month: int, year: str | None, today: date) -> date | None:
    found = []
    for candidate in [int(year)] if year else [today.year - 1, today.year, today.year + 1]:
        try:
            found.append(date(candidate, month, number))
        except ValueError:
            continue
    return min(found, key=lambda day: abs((day - today).days), default=None)


# --- addresses ----------------------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def find_unknown_addresses(text: str, setting: CheckSetting) -> Iterator[str]:
    """Addresses that nobody has: neither of the variant's people nor at an outside domain it declares."""
    if "@" not in text:
        return
    for hit in _ADDRESS.finditer(text):
        address = hit[0].lower()
        if address not in setting.addresses and address.partition("@")[2] not in setting.domains:
            yield hit[0]


def find_text_flaws(passage: Passage, setting: CheckSetting) -> Iterator[tuple[str, str]]:
    """Everything wrong with a text, as pairs of the check's name and the words in question."""
    yield from (("template marks", words) for words in find_unfilled_marks(passage.text))
    yield from (("spelling", words) for words in find_spelling_errors(passage.text, passage.prose))
    yield from (("smell of a stage", words) for words in find_banned_words(passage.text))
    yield from (("dates", words) for words in find_wrong_dates(passage.text, setting.today))
    yield from (("addresses", words) for words in find_unknown_addresses(passage.text, setting))


TEXT_CHECKS = {
    "template marks": "no brace, TODO, XXX, None or nan is left in a text",
    "spelling": "no doubled spaces, words or punctuation, no `Re: Re:`, no `a` before a vowel",
    "smell of a stage": "no word of prompts/lint.yaml",
    "dates": "every weekday with a date is that of the calendar",
    "addresses": "every mail address belongs to somebody, or to an outside domain that the variant declares",
}
"""Checks of a single text, by name, with what they hold."""
