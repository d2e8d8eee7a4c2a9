"""Seeded draws of a variant, and what is drawn or rendered from them: dates, texts with slots, names and addresses.

A draw is a hash of seed and purpose, not the state of a generator. It is therefore the same on any machine and in any
version of Python, and since each purpose is a stream of its own, a new slot in a family never shifts the other draws.
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

from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import DatasetError, read_person_names
from advocate_evals.scenarios.family_schema import CastMember, DayTimes
from advocate_evals.scenarios.scenario_records import Contact
from advocate_evals.scenarios.shared_schema import SLOT_PATTERN

DrawT = TypeVar("DrawT")


class SeededDraws:
    """Draws for one variant.

    Args:
        key: What identifies the stream: family, seed, variant.
    """

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(str(part) for part in key)

    def integer(self, purpose: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        digest = blake2b(f"{self._key}\x1e{purpose}".encode(), digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def pick(self, purpose: str, items: Sequence[DrawT]) -> DrawT:
        """One of the items."""
        return items[self.integer(purpose, 0, len(items) - 1)]

    def sample(self, purpose: str, items: Sequence[DrawT], count: int) -> list[DrawT]:
        """`count` different items, in drawn order.

        Raises:
            ValueError: if there are fewer items than that.
        """
        if count > len(items):
            raise ValueError(f"{purpose}: {count} of {len(items)} cannot be drawn")
        ranked = sorted(range(len(items)), key=lambda i: (self.integer(f"{purpose}\x1d{i}", 0, 2**63), i))
        return [items[i] for i in ranked[:count]]


# Dates: the day of the shift, working days around it, and how dates are written.

Locale = Literal["en-GB", "en-US"]

_FIRST_DAY, _LAST_DAY = date(2026, 2, 9), date(2027, 11, 12)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def draw_shift_day(draws: SeededDraws) -> date:
    """The day of the shift: a working day, not between 13 December and 11 January."""
    day = _FIRST_DAY + timedelta(days=draws.integer("day", 0, (_LAST_DAY - _FIRST_DAY).days))
    if (day.month, day.day) > (12, 12) or (day.month, day.day) < (1, 12):
        day += timedelta(days=30)
    if day.weekday() > 4:  # any working day of that week, so that no weekday is drawn more often than another
        day -= timedelta(days=day.weekday() - draws.integer("weekday", 0, 4))
    return day


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
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def combine_day_time(day: date, clock: str) -> datetime:
    """A day and a time like `17:00`."""
    return datetime.combine(day, time.fromisoformat(clock))


def minutes_since_start(day: date, clock_minutes: int, today: date, shift: DayTimes) -> int:
    """Minutes from the start of the shift to a time on a day; negative is before the shift."""
    return (day - today).days * 24 * 60 + clock_minutes - minutes_since_midnight(shift.start)


def format_date(day: date, style: str, locale: Locale) -> str:
    """A date as people of the locale write it: `long`, `short`, `weekday` or `iso`, as in `DateRule.style`."""
    weekday, month = _WEEKDAYS[day.weekday()], _MONTHS[day.month - 1]
    if style == "weekday":
        return weekday
    if style == "iso":
        return day.isoformat()
    short = f"{day.day} {month}" if locale == "en-GB" else f"{month} {day.day}"
    if style == "short":
        return short
    return f"{weekday} {short}" if locale == "en-GB" else f"{weekday}, {short}"


def format_stamp(at: datetime) -> str:
    """A time as the mail program shows it: `Thu 12 Mar 2026 09:14`."""
    return f"{_WEEKDAYS[at.weekday()][:3]} {at.day} {_MONTHS[at.month - 1][:3]} {at.year} {at:%H:%M}"


# Strict rendering: every slot is filled, every bank is used, no brace remains.

_STRAY_BRACE = re.compile(r"[{}]")


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
            raise DatasetError(
                f"{place}: nothing fills the slot {{{match[1]}}}{_suggest_slot(match[1], values)}"
            ) from None

    stray = _STRAY_BRACE.search(SLOT_PATTERN.sub("", text))
    if stray:
        raise DatasetError(f"{place}: a {stray[0]!r} that belongs to no slot")
    return SLOT_PATTERN.sub(fill, text)


def _suggest_slot(slot: str, values: Mapping[str, str]) -> str:
    """The nearest slot, or a list of those there are, but not a long one."""
    relatives = [name for name in values if name.partition(".")[0] == slot.partition(".")[0]]
    if not relatives and len(values) >= 40:
        return ""
    return suggest_nearest(slot, relatives or values)


def iter_strings(data: Any) -> Iterator[str]:
    """Every text in plain data, however deep."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        yield from chain.from_iterable(iter_strings(value) for value in data.values())
    elif isinstance(data, list | tuple):
        yield from chain.from_iterable(iter_strings(value) for value in data)


def find_unused_banks(banks: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The banks that no text uses, sorted."""
    used = {slot.partition(".")[0] for text in texts for slot in find_slots(text)}
    return sorted(set(banks) - used)


# Names, addresses and pronouns of a variant's people.

_ADDRESS_PATTERNS = ("{first}.{last}", "{initial}{last}", "{first}_{last}", "{last}.{first}", "{initial}.{last}")
_PRONOUNS = {
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
}
_PRONOUN_SLOTS = ("they", "them", "their", "theirs", "themself")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A drawn name."""

    first: str
    last: str
    pronoun: str

    def slots(self, key: str) -> dict[str, str]:
        """The slots this name fills: `{key.first}`, `{key.they}`, `{key.They}` and so on, with their values."""
        values = {f"{key}.first": self.first, f"{key}.last": self.last, f"{key}.full": f"{self.first} {self.last}"}
        for slot, word in zip(_PRONOUN_SLOTS, _PRONOUNS[self.pronoun], strict=True):
            values[f"{key}.{slot}"] = word
            values[f"{key}.{slot.capitalize()}"] = word.capitalize()
        return values


NAME_PARTS = 32
"""Parts of equal size into which all pairs of a first and a last name fall. A family draws from one of them, in which
every last name stands, with three or four first names of each pronoun."""


def find_name_part(family: str) -> int:
    """The part of the full names that a family draws from, from 0 to `NAME_PARTS` - 1.

    Families of `banks/names.yaml` have parts of their own; any other shares none with them, and has one by its name.
    """
    families = read_person_names().families
    if family in families:
        return families.index(family)
    draws = SeededDraws("name part", family)
    return max(range(len(families), NAME_PARTS), key=lambda part: draws.integer(str(part), 0, 2**63))


def draw_names(draws: SeededDraws, count: int, part: int) -> list[PersonName]:
    """Names no two of which share a first or a last name, or the letters their address is made of.

    Args:
        draws: Draws of the variant.
        count: How many.
        part: The part of the full names to draw from (see `find_name_part`).
    """
    bank = read_person_names()
    first_names: dict[str, tuple[str, ...]] = {pronoun: getattr(bank, pronoun) for pronoun in _PRONOUNS}
    ranks = {
        pronoun: draws.sample(f"first names {pronoun}", range(len(items)), len(items))
        for pronoun, items in first_names.items()
    }
    names: list[PersonName] = []
    used: set[str] = set()
    for last_at in draws.sample("last names", range(len(bank.last)), count * 2):
        if len(names) == count:
            break
        pronoun = draws.pick(f"pronoun {len(names)}", ("she", "he"))
        fitting = (first_names[pronoun][at] for at in ranks[pronoun] if (at + last_at) % NAME_PARTS == part)
        first_name = next((name for name in fitting if name not in used), "")
        letters = _ascii_letters(bank.last[last_at])
        if first_name and letters not in used:
            used |= {first_name, letters}
            names.append(PersonName(first_name, bank.last[last_at], pronoun))
    return names


def _ascii_letters(name: str) -> str:
    """The letters of a name as an address has them: lower case, without accents."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", ascii_name.lower())


def draw_address_pattern(draws: SeededDraws, domain: str) -> str:
    """How addresses are built at a domain."""
    return draws.pick(f"address pattern {domain}", _ADDRESS_PATTERNS)


def build_address(name: PersonName, pattern: str, domain: str) -> str:
    """The mail address of a name at a domain."""
    first, last = _ascii_letters(name.first), _ascii_letters(name.last)
    return pattern.format(first=first, last=last, initial=first[:1]) + "@" + domain


def draw_contacts(
    members: Iterable[CastMember], draws: SeededDraws, values: Mapping[str, str], family: str
) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """Everybody of a family's cast with name and address, and the slots they fill."""
    members, place = tuple(members), f"datasets/families/{family}/cast.yaml"
    people = [member for member in members if member.kind == "person"]
    full_names = draw_names(draws, len(people), find_name_part(family))
    names = dict(zip((member.key for member in people), full_names, strict=True))
    contacts: list[Contact] = []
    cast_values: dict[str, str] = {}
    for member in members:
        contact, member_values = _build_contact(member, names.get(member.key), draws, values, place)
        contacts.append(contact)
        cast_values |= member_values
    return tuple(contacts), cast_values


def _build_contact(
    member: CastMember, name: PersonName | None, draws: SeededDraws, values: Mapping[str, str], place: str
) -> tuple[Contact, dict[str, str]]:
    """One member of a cast, and the slots it fills; `name` is the drawn name of a person."""

    def render(text: str, field: str) -> str:
        return render_text(text, values, f"{place}: {member.key}.{field}")

    domain = render(member.domain or "{company.domain}", "domain")
    if name is not None:
        slots = name.slots(member.key)
        local = build_address(name, draw_address_pattern(draws, domain), domain).partition("@")[0]
    else:
        slots = {f"{member.key}.full": render(member.name, "name")}
        local = ""
    local = render(member.local, "local") or local
    slots[f"{member.key}.address"] = f"{local}@{domain}"
    slots[f"{member.key}.title"] = render(member.title, "title")
    contact = Contact(
        key=member.key,
        name=slots[f"{member.key}.full"],
        title=slots[f"{member.key}.title"],
        address=slots[f"{member.key}.address"],
        internal=not member.domain,
        directory=render(member.directory, "directory"),
        office=render(member.office, "office"),
    )
    return contact, slots
