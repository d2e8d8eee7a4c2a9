"""What the office answers, taken apart: mail lists, mails, jobs, weights, the directory. Text in, records out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_STAMP = r"\w{3} \d{1,2} \w{3} \d{4} \d\d:\d\d"
_LISTED = re.compile(rf"^([* ])\s*(\d+)  ({_STAMP})  (.*)$", re.M)
_NEWS = re.compile(r"\n\n(?:New mail\b[^\n]*|The session has ended\.)\s*$")
_JOB = re.compile(rf"^(\d+)  (\S[^\n]*)\n +([\w ]+), due ({_STAMP}), owner ([^\n]*)\n(.*?)(?=^\d+  \S|\Z)", re.M | re.S)
_PERSON = re.compile(r"^  (\S.*?), ([^@\n]*?)  ([\w.+-]+@\S+)", re.M)
_OFFICE = re.compile(r"^  (\S.*?)  ([\w.+-]+@\S+)  ?(.*)$", re.M)
_WROTE = re.compile(r"^-* ?(?:On [^\n]{3,80}, )?([A-Z][^\n,:]{2,60}?) wrote: ?-*$", re.M)
_FORWARDED = re.compile(r"^(?:-{4,} ?(?:Forwarded|Original)[^\n]*|On [^\n]{5,120} wrote:)$|^(?=From: )", re.M | re.I)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was read."""

    number: int
    sender: str
    sender_name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    at: datetime | None
    subject: str
    reply_to: int | None
    body: str

    @property
    def topic(self) -> str:
        """The subject line without `Re:` and `Fw:`."""
        return re.sub(r"^(?:(?:re|fwd?|aw):\s*)+", "", self.subject.strip(), flags=re.I).lower()


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job."""

    number: int
    name: str
    status: str
    due: datetime | None
    owner: str
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the directory."""

    name: str
    title: str
    address: str

    @property
    def first(self) -> str:
        """The first name."""
        return self.name.split()[0]

    @property
    def last(self) -> str:
        """The last name."""
        return self.name.split()[-1]


def bare(answer: str) -> str:
    """An answer without the line that announces new mail."""
    head, tail = answer[:-400], answer[-400:]
    return head + _NEWS.sub("", tail)


_COUNT = re.compile(r"\n\nNew mail \((\d+)\)[^\n]*\s*$")


def news(answer: str) -> int:
    """How many new mails an answer announces."""
    found = _COUNT.search(answer[-400:])
    return int(found[1]) if found else 0


@lru_cache(maxsize=4096)
def stamp(text: str) -> datetime | None:
    """A time as the office writes it."""
    try:
        return datetime.strptime(text.strip(), "%a %d %b %Y %H:%M")  # noqa: DTZ007  # the office knows no zone
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def listed(answer: str) -> tuple[tuple[int, datetime | None], ...]:
    """Number and time of each mail of a list."""
    return tuple((int(number), stamp(at)) for _, number, at, _ in _LISTED.findall(answer))


@lru_cache(maxsize=8192)
def mail(answer: str) -> Mail | None:
    """A mail as it was shown; none if it is none."""
    head, _, body = bare(answer).partition("\n\n")
    fields = dict(line.partition(": ")[::2] for line in head.splitlines())
    if not fields.get("Id", "").isdigit() or "From" not in fields:
        return None
    reply = fields.get("In reply to", "")
    return Mail(
        number=int(fields["Id"]),
        sender=next(iter(_addresses(fields["From"])), ""),
        sender_name=fields["From"].partition(" <")[0],
        to=_addresses(fields.get("To", "")),
        cc=_addresses(fields.get("Cc", "")),
        at=stamp(fields.get("Date", "")),
        subject=fields.get("Subject", ""),
        reply_to=int(reply) if reply.isdigit() else None,
        body=body,
    )


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(address.lower() for address in ADDRESS.findall(text))


@lru_cache(maxsize=2048)
def jobs(answer: str) -> tuple[Job, ...]:
    """The scheduled jobs."""
    return tuple(
        Job(int(number), name.strip(), status.strip(), stamp(due), owner, " ".join(text.split()))
        for number, name, status, due, owner, text in _JOB.findall(bare(answer) + "\n")
    )


@lru_cache(maxsize=2048)
def weights(answer: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Stored weights as label and note, and the listed destinations."""
    stored, _, rest = bare(answer).partition("Destinations:")
    there = rest.partition("Transfers:")[0]
    found = [line.strip().split("  ", 1) for line in stored.splitlines() if line.startswith("  ")]
    labels = tuple((parts[0], parts[1] if len(parts) > 1 else "") for parts in found)
    return labels, tuple(line.split()[0].lower() for line in there.splitlines() if line.startswith("  "))


@lru_cache(maxsize=2048)
def directory(answer: str) -> tuple[tuple[Person, ...], tuple[tuple[str, str], ...]]:
    """The people, and the offices that take cases as name and address."""
    people, _, offices = bare(answer).partition("Offices that take cases:")
    known = tuple(Person(name, title, address.lower()) for name, title, address in _PERSON.findall(people))
    return known, tuple((name, address.lower()) for name, address, _ in _OFFICE.findall(offices))


@lru_cache(maxsize=4096)
def segments(body: str) -> tuple[tuple[str, str], ...]:
    """A mail's own text and the mails inside it, each with the name of its writer (empty for the mail's own)."""
    plain = _WROTE.sub(r"From: \1", re.sub(r"^(?:> ?)+", "", body, flags=re.M))
    found = []
    for part in _FORWARDED.split(plain):
        lines = part.strip().splitlines()
        heads = [line for line in lines[:6] if re.match(r"(?:From|To|Cc|Date|Sent|Subject): ", line)]
        writer = next((head[6:].partition(" <")[0].strip() for head in heads if head.startswith("From: ")), "")
        text = "\n".join(line for line in lines if line not in heads).strip()
        if text:
            found.append((writer, text))
    return tuple(found)
