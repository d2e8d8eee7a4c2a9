"""Dates of a variant: the day of the shift, working days around it, and how they are written."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal

from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.schema import Day

Locale = Literal["en-GB", "en-US"]

_FIRST, _LAST = date(2026, 2, 9), date(2027, 11, 12)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def shift_day(chance: Chance) -> date:
    """The day of the shift: a working day, clear of the turn of the year."""
    day = _FIRST + timedelta(days=chance.number("day", 0, (_LAST - _FIRST).days))
    if (day.month, day.day) > (12, 12) or (day.month, day.day) < (1, 12):
        day = date(day.year + (day.month == 12), 1, 14)
    return day if day.weekday() < 5 else day - timedelta(days=day.weekday() - 3)


def working_day(day: date, distance: int) -> date:
    """The working day `distance` working days from `day`."""
    step = 1 if distance > 0 else -1
    for _ in range(abs(distance)):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def minutes(clock: str) -> int:
    """Minutes since midnight of a time like `17:00`."""
    hours, mins = clock.split(":")
    return int(hours) * 60 + int(mins)


def moment(day: date, clock: str) -> datetime:
    """A day and a time like `17:00`."""
    return datetime.combine(day, time.fromisoformat(clock))


def since_start(day: date, clock_minutes: int, today: date, shift: Day) -> int:
    """Minutes from the start of the shift to a time on a day; negative lies in the past."""
    return (day - today).days * 24 * 60 + clock_minutes - minutes(shift.start)


def written(day: date, style: str, locale: Locale) -> str:
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


def stamp(at: datetime) -> str:
    """A time as the mail program shows it: `Thu 12 Mar 2026 09:14`."""
    return f"{_WEEKDAYS[at.weekday()][:3]} {at.day} {_MONTHS[at.month - 1][:3]} {at.year} {at:%H:%M}"
