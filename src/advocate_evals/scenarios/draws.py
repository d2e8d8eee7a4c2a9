"""Draws that are the same on any machine and in any Python: a hash of what is drawn, not a generator's state.

Each purpose is a stream of its own, so that a new slot in a family never shifts what the old ones draw.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from itertools import chain
from typing import Any, Literal, TypeVar

from advocate_evals.scenarios.dataset_reader import DatasetError, read_person_names
from advocate_evals.scenarios.family_schema import CastMember, DayTimes
from advocate_evals.scenarios.scenario_records import Contact
from advocate_evals.scenarios.shared_schema import SLOT_PATTERN

DrawT = TypeVar("DrawT")


class SeededDraws:
    """Draws for one variant.

    Args:
        key: What names the stream: family, seed, variant.
    """

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(str(part) for part in key)

    def number(self, purpose: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        digest = blake2b(f"{self._key}\x1e{purpose}".encode(), digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def pick(self, purpose: str, items: Sequence[DrawT]) -> DrawT:
        """One of the items."""
        return items[self.number(purpose, 0, len(items) - 1)]

    def sample(self, purpose: str, items: Sequence[DrawT], count: int) -> list[DrawT]:
        """`count` different items, in drawn order."""
        if count > len(items):
            raise ValueError(f"{purpose}: {count} of {len(items)} cannot be drawn")
        ranked = sorted(range(len(items)), key=lambda i: (self.number(f"{purpose}\x1d{i}", 0, 2**63), i))
        return [items[i] for i in ranked[:count]]


# --- Dates of a variant: the day of the shift, working days around it, and how they are written. ---


Locale = Literal["en-GB", "en-US"]

_FIRST, _LAST = date(2026, 2, 9), date(2027, 11, 12)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def draw_shift_day(chance: SeededDraws) -> date:
    """The day of the shift: a working day, clear of the turn of the year."""
    day = _FIRST + timedelta(days=chance.number("day", 0, (_LAST - _FIRST).days))
    if (day.month, day.day) > (12, 12) or (day.month, day.day) < (1, 12):
        day = date(day.year + (day.month == 12), 1, 14)
    return day if day.weekday() < 5 else day - timedelta(days=day.weekday() - 3)


def shift_working_days(day: date, distance: int) -> date:
    """The working day `distance` working days from `day`."""
    step = 1 if distance > 0 else -1
    for _ in range(abs(distance)):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def minutes_since_midnight(clock: str) -> int:
    """Minutes since midnight of a time like `17:00`."""
    hours, mins = clock.split(":")
    return int(hours) * 60 + int(mins)


def combine_day_time(day: date, clock: str) -> datetime:
    """A day and a time like `17:00`."""
    return datetime.combine(day, time.fromisoformat(clock))


def minutes_since_start(day: date, clock_minutes: int, today: date, shift: DayTimes) -> int:
    """Minutes from the start of the shift to a time on a day; negative lies in the past."""
    return (day - today).days * 24 * 60 + clock_minutes - minutes_since_midnight(shift.start)


def format_date(day: date, style: str, locale: Locale) -> str:
    """A date as people of the locale write it."""
    name, month = _WEEKDAYS[day.weekday()], _MONTHS[day.month - 1]
    if style == "weekday":
        return name
    if style == "iso":
        return day.isoformat()
    short = f"{day.day} {month}" if locale == "en-GB" else f"{month} {day.day}"
    if style == "short":
        return short
    return f"{name} {short}" if locale == "en-GB" else f"{name}, {short}"


def format_stamp(at: datetime) -> str:
    """A time as the mail program shows it: `Thu 12 Mar 2026 09:14`."""
    return f"{_WEEKDAYS[at.weekday()][:3]} {at.day} {_MONTHS[at.month - 1][:3]} {at.year} {at:%H:%M}"


# --- Strict rendering: every slot filled, every bank used, no brace left over. ---


_STRAY = re.compile(r"[{}]")


def find_slots(text: str) -> set[str]:
    """Names of the slots in a text, `name` or `name.field`."""
    return set(SLOT_PATTERN.findall(text))


def render_text(text: str, values: Mapping[str, str], place: str) -> str:
    """Fill every slot of a text.

    Args:
        text: Text with `{name}` or `{name.field}` slots.
        values: Value of each slot.
        place: File and key, for the error message.

    Raises:
        DatasetError: for a slot without a value, or a brace that is no slot.
    """
    if "{" not in text and "}" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise DatasetError(f"{place}: nothing fills the slot {{{match[1]}}}{_near(match[1], values)}") from None

    stray = _STRAY.search(SLOT_PATTERN.sub("", text))
    if stray:
        raise DatasetError(f"{place}: a {stray[0]!r} that belongs to no slot")
    return SLOT_PATTERN.sub(fill, text)


def iter_strings(data: Any) -> Iterator[str]:
    """Every text in plain data, however deep."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        yield from chain.from_iterable(iter_strings(value) for value in data.values())
    elif isinstance(data, list | tuple):
        yield from chain.from_iterable(iter_strings(value) for value in data)


def find_unused_banks(banks: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The banks that no text draws on."""
    used = {slot.partition(".")[0] for text in texts for slot in find_slots(text)}
    return sorted(set(banks) - used)


def _near(slot: str, values: Mapping[str, str]) -> str:
    from advocate_evals.records import suggest_nearest

    family = {name for name in values if name.partition(".")[0] == slot.partition(".")[0]}
    return suggest_nearest(slot, family or values) if len(family or values) < 40 or family else ""


# --- Names, addresses and pronouns of a variant's people. ---


_PATTERNS = ("{first}.{last}", "{initial}{last}", "{first}_{last}", "{last}.{first}", "{initial}.{last}")
_PRONOUNS = {
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
}
_FORMS = ("they", "them", "their", "theirs", "themself")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A drawn name."""

    first: str
    last: str
    pronoun: str

    def slots(self, key: str) -> dict[str, str]:
        """The slots this name fills."""
        filled = {f"{key}.first": self.first, f"{key}.last": self.last, f"{key}.full": f"{self.first} {self.last}"}
        for form, word in zip(_FORMS, _PRONOUNS[self.pronoun], strict=True):
            filled[f"{key}.{form}"] = word
            filled[f"{key}.{form.capitalize()}"] = word.capitalize()
        return filled


def draw_names(chance: SeededDraws, count: int) -> list[PersonName]:
    """Names no two of which share a first or a last name, or the letters their address is made of."""
    bank = read_person_names()
    last = chance.sample("last names", bank.last, count * 2)
    first = {pronoun: chance.sample(f"first names {pronoun}", getattr(bank, pronoun), count) for pronoun in _PRONOUNS}
    drawn: list[PersonName] = []
    taken: set[str] = set()
    for candidate in last:
        if len(drawn) == count:
            break
        pronoun = chance.pick(f"pronoun {len(drawn)}", ("she", "he"))
        if _folded(candidate) not in taken:
            taken.add(_folded(candidate))
            drawn.append(PersonName(first[pronoun][len(drawn)], candidate, pronoun))
    return drawn


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower())


def draw_address_pattern(chance: SeededDraws, domain: str) -> str:
    """How addresses are built at a domain."""
    return chance.pick(f"address pattern {domain}", _PATTERNS)


def build_address(name: PersonName, pattern: str, domain: str) -> str:
    """The mail address of a name at a domain."""
    first, last = _folded(name.first), _folded(name.last)
    return pattern.format(first=first, last=last, initial=first[:1]) + "@" + domain


def draw_contacts(
    members: Iterable[CastMember], chance: SeededDraws, values: Mapping[str, str], place: str
) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """Everybody of a cast with name and address, and the slots they fill."""
    members = tuple(members)
    people = [member for member in members if member.kind == "person"]
    drawn = dict(zip((member.key for member in people), draw_names(chance, len(people)), strict=True))
    found: list[Contact] = []
    filled: dict[str, str] = {}
    for member in members:
        domain = render_text(member.domain or "{company.domain}", values, f"{place}: {member.key}.domain")
        if member.key in drawn:
            name = drawn[member.key]
            filled |= name.slots(member.key)
            local = build_address(name, draw_address_pattern(chance, domain), domain).partition("@")[0]
        else:
            filled[f"{member.key}.full"] = render_text(member.name, values, f"{place}: {member.key}.name")
            local = ""
        local = render_text(member.local, values, f"{place}: {member.key}.local") or local
        filled[f"{member.key}.address"] = f"{local}@{domain}"
        filled[f"{member.key}.title"] = render_text(member.title, values, f"{place}: {member.key}.title")
        found.append(
            Contact(
                key=member.key,
                name=filled[f"{member.key}.full"],
                title=filled[f"{member.key}.title"],
                address=filled[f"{member.key}.address"],
                inside=not member.domain,
                directory=render_text(member.directory, values, f"{place}: {member.key}.directory"),
                office=render_text(member.office, values, f"{place}: {member.key}.office"),
            )
        )
    return tuple(found), filled
