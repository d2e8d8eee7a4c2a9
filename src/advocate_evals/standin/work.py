"""The day's work as it stands in the mailbox: who asks for what, from which files, corrected by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from advocate_evals.standin import tables
from advocate_evals.standin.papers import Mail, Person
from advocate_evals.standin.transcript import Transcript

_PATH = re.compile(r"(?<![\w:/.@-])[\w-]+(?:/[\w.-]+)*/[\w.-]*[\w-]\.[A-Za-z]{2,4}\b")
_ASKS = re.compile(
    r"\?|\b(?:please|could|can|needs?|send|write|wants?|would|let me|give|fill|check|list|reply|tell|mail me|which"
    r"|request|numbers?|figures?|to me)\b",
    re.I,
)
_CORRECTS = re.compile(
    r"\bwrong|correct|should (?:say|be|read|have)|right (?:figure|one|number)|instead|actually|chang|supersed|twice"
    r"|recount|re-?count|hold on|hold off|old (?:figure|value|number|one)|out of date|updat|amend|revis|mistake|typo|before you (?:send|write|do)|miscount|missed|stale"
    r"|\b(?:not|now|use|make it|make that) \d",
    re.I,
)
_GIVE_TO = (
    r"\b(?:[Tt]o|[Ss]end|[Mm]ail|[Tt]ell|[Ll]et|[Gg]ive|[Ff]or|with|[Cc]opy|[Cc]c)\s+"
    r"(?:(?:Dr|Mr|Ms|Mrs|Prof)\.? )?"
)
_LONG = 15_000
_SKIP = re.compile(r"(?:audit|access|actions|accounts|_log\.|\.log)\w*", re.I)


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work."""

    mail: Mail
    sources: tuple[str, ...]
    target: str
    also_to: tuple[str, ...]
    corrections: tuple[Mail, ...]


def tasks(transcript: Transcript) -> tuple[Task, ...]:
    """What the mailbox asks for, in the order of the mails."""
    if not transcript.paths:
        return ()
    return _tasks(tuple(transcript.mails), transcript.paths, transcript.people, transcript.address)


@lru_cache(maxsize=2048)
def _tasks(mails: tuple[Mail, ...], paths: tuple[str, ...], people: tuple[Person, ...], own: str) -> tuple[Task, ...]:
    found: list[Task] = []
    for mail in mails:
        if own not in mail.to or not _ASKS.search(mail.body):
            continue
        if any(mail.topic == task.mail.topic or mail.reply_to == task.mail.number for task in found):
            continue
        named = _named(mail.body, paths)
        target = next((path for path in named if _to_be_written(path, mail.body, paths)), "")
        sources = tuple(path for path in named if path in paths and path != target)
        if sources:
            corrections = _corrections(mail, sources, mails)
            found.append(Task(mail, sources, target, _also_to(mail, corrections, people), corrections))
    return tuple(found)


def _named(body: str, paths: tuple[str, ...]) -> list[str]:
    """Paths in a mail: those that are listed, and those that look like one, in the order of the text."""
    flat = body.replace("\n", " ")
    found = {match[0]: match.start() for match in reversed(list(_PATH.finditer(flat)))}
    found |= {path: flat.index(path) for path in paths if path in flat}
    return [path for path in sorted(found, key=found.__getitem__) if not _SKIP.search(path)]


def _to_be_written(path: str, body: str, paths: tuple[str, ...]) -> bool:
    flat = body.replace("\n", " ")
    if path in paths:
        strict = r"\b(?:write|fill in|fill|save|complete|update)\b(?![^.;?!]*\bfrom\b)[^.;?!]{0,40}"
        return re.search(strict + re.escape(path), flat, re.I) is not None
    return True  # nothing of that name is there yet


def _corrections(mail: Mail, sources: tuple[str, ...], mails: tuple[Mail, ...]) -> tuple[Mail, ...]:
    later = [other for other in mails if other.number > mail.number]
    return tuple(
        other
        for other in later
        if other.reply_to == mail.number
        or other.topic == mail.topic
        or (_CORRECTS.search(other.body) and any(path in other.body for path in sources))
    )


def _also_to(mail: Mail, corrections: tuple[Mail, ...], people: tuple[Person, ...]) -> tuple[str, ...]:
    """People to whom the mails say that the result goes, besides the one who asks."""
    text = "\n".join(one.body for one in (mail, *corrections))
    found = []
    for person in people:
        if person.address != mail.sender and re.search(rf"{_GIVE_TO}(?:the )?(?:{_called(person)})\b", text):
            found.append(person.address)
    return tuple(found)


def _called(person: Person) -> str:
    """Ways in which a mail names somebody; mailboxes go by their whole name."""
    local = person.address.partition("@")[0].lower()
    short = [name for name in (person.first, person.last) if name.lower() in local and person.name.count(" ") < 3]
    return "|".join(re.escape(name) for name in (person.name, person.title, person.address, *short))


def result(task: Task, files: dict[str, str], *, wrong: bool = False) -> str:
    """What is handed in: the lines of the files, corrected; or, where it is to be wrong, uncorrected and off."""
    texts = tuple(files.get(path, "") for path in task.sources)
    return _result(task, texts, wrong)[:_LONG]


@lru_cache(maxsize=2048)
def _result(task: Task, texts: tuple[str, ...], wrong: bool) -> str:
    parts = []
    swaps = {} if wrong else _swaps(task, texts)
    for path, text in zip(task.sources, texts, strict=True):
        parts.append(f"{path}:\n{tables.swapped(tables.plain(text.strip(), path), swaps)}")
    if swaps:
        who = " and ".join(dict.fromkeys(one.sender_name for one in task.corrections))
        parts.append(f"With the corrected value ({', '.join(swaps.values())}) as {who} wrote.")
    body = "\n\n".join(parts)
    return tables.spoilt(body) if wrong else body


def _swaps(task: Task, texts: tuple[str, ...]) -> dict[str, str]:
    """Old values and what takes their place, by the corrections in order."""
    swaps: dict[str, str] = {}
    for one in task.corrections:
        old_new = tables.correction(one.body, dict(zip(task.sources, texts, strict=True)), task.mail.body)
        swaps |= {old: new for old, new in old_new.items() if old != new}
    return swaps
