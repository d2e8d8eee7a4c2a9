"""Figures in files: which one a correction means, values put in the place of others, values spoilt."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache

from advocate_evals.standins.office_reading import SeenMail, SeenPerson, Transcript

FIGURE_PATTERN = re.compile(
    r"(?<![\w.,:/#-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w/-])|(?<![\w.,:/#-])\d{2,}(?:\.\d+)?(?![\w:/-])"
)
_YEAR = re.compile(r"20[123]\d$")
_TOKEN = re.compile(r"[A-Za-z]+|\d+")
_PATHS = re.compile(r"[\w-]+(?:/[\w.-]+)+")
_FILLER = frozenset(
    re.findall(
        r"\w+", "the a an of for to in is it its and or on at by with this that be as not you i from has have are was"
    )
)


def find_figures(text: str) -> list[str]:
    """Figures of two or more digits, without times, dates, years and numbers in names."""
    return [match[0] for match in FIGURE_PATTERN.finditer(text) if not _YEAR.fullmatch(match[0])]


def figure_value(figure: str) -> float:
    """What a figure says."""
    return float(figure.replace(",", ""))


def find_correction(body: str, files: Mapping[str, str], asked: str) -> dict[str, str]:
    """What a mail corrects: the values as they stand in the files, and those that are right."""
    known = [figure for path, text in files.items() for figure in find_figures(format_rows(text, path))]
    new = [figure for figure in dict.fromkeys(find_figures(body)) if figure not in known and len(figure) > 2]
    if not new:
        return {}
    old = [figure for figure in dict.fromkeys(find_figures(body)) if figure in known and len(figure) > 2]
    near = [figure for figure in old if _apart(figure, new[0]) < _FACTOR]
    if near and len(new) == 1:
        return {near[0]: new[0]}
    found: dict[str, str] = {}
    for right in new:
        before = _PATHS.sub(" ", body[: body.index(right)])
        meant = _meant(_tokens(before), _tokens(asked), right, files, found)
        if meant:
            found[meant] = right
    return found


_FACTOR = math.log(3)
"""A figure more than three times another is no earlier version of it."""


def _apart(one: str, other: str) -> float:
    return abs(math.log((figure_value(one) + 1) / (figure_value(other) + 1)))


def _meant(context: set[str], asked: set[str], right: str, files: Mapping[str, str], taken: Container[str]) -> str:
    """The figure in the files that best fits what is said before the right one."""
    best, most = "", 0.0
    for path, text in files.items():
        cells = _cells(text, path)
        often = Counter(figure for figure, _, _ in cells)
        for figure, row, column in cells:
            if len(figure) < 3 or figure in taken:
                continue
            named = row & context
            score = 3 * len(column & context) + 2 * len(named) + 0.5 * len(row & asked)
            score += 2 * sum(any(map(str.isdigit, word)) for word in named)  # a number in a name says which row it is
            score -= 0.2 * _apart(figure, right) + (("." in figure) != ("." in right))
            score -= often[figure] > 1  # what stands in many rows is no reading of one
            if score > most:
                best, most = figure, score
    return best


def _cells(text: str, path: str) -> list[tuple[str, set[str], set[str]]]:
    """Every figure with the words of its row and of its column."""
    found = []
    header: list[set[str]] = []
    for line in text.splitlines():
        cells = _row(line, path)
        numbers = [find_figures(cell) for cell in cells]
        if len(cells) > 2 and not any(numbers):
            header = [_tokens(cell) for cell in cells]
            continue
        words = [cell for cell, inside in zip(cells, numbers, strict=True) if not inside or len(cells) == 1]
        row = _tokens(" ".join(words))
        table = len(header) == len(cells)
        for place, inside in enumerate(numbers):
            found += [(figure, row, header[place] if table else set()) for figure in inside]
    return found


def _tokens(text: str) -> set[str]:
    return {word.rstrip("s") for word in _TOKEN.findall(text.lower()) if word not in _FILLER}


def format_rows(text: str, path: str) -> str:
    """Rows of comma-separated cells as a person would put them into a mail; other lines as they are."""
    return "\n".join("; ".join(_row(line, path)) for line in text.splitlines())


@lru_cache(maxsize=4096)
def _row(line: str, path: str) -> tuple[str, ...]:
    tabular = path.lower().endswith(".csv") and not line.startswith("#")
    return tuple(next(csv.reader([line]), ("",))) if tabular else (line,)


def swap_values(text: str, swaps: Mapping[str, str]) -> str:
    """The text with values in the place of others."""
    for old, new in swaps.items():
        text = re.sub(rf"(?<![\d.,]){re.escape(old)}(?![\d]|[.,]\d)", new, text)
    return text


def spoil_figures(text: str) -> str:
    """The text with every other figure a little off, the same one always in the same way."""
    seen: dict[str, int] = {}

    def off(match: re.Match[str]) -> str:
        figure = match[0]
        place = seen.setdefault(figure, len(seen))
        if place % 2 or len(figure) < 3 or "." in figure:
            return figure
        number = int(figure_value(figure)) + 11 + len(figure)
        return f"{number:,}" if "," in figure else str(number)

    return FIGURE_PATTERN.sub(off, text)


# --- The day's work as it stands in the mailbox: who asks for what, from which files, corrected by whom. ---


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
class WorkTask:
    """A piece of work."""

    mail: SeenMail
    sources: tuple[str, ...]
    target: str
    also_to: tuple[str, ...]
    corrections: tuple[SeenMail, ...]


def find_work_tasks(transcript: Transcript) -> tuple[WorkTask, ...]:
    """What the mailbox asks for, in the order of the mails."""
    if not transcript.paths:
        return ()
    return _tasks(tuple(transcript.mails), transcript.paths, transcript.people, transcript.address)


@lru_cache(maxsize=2048)
def _tasks(
    mails: tuple[SeenMail, ...], paths: tuple[str, ...], people: tuple[SeenPerson, ...], own: str
) -> tuple[WorkTask, ...]:
    found: list[WorkTask] = []
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
            found.append(WorkTask(mail, sources, target, _also_to(mail, corrections, people), corrections))
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


def _corrections(mail: SeenMail, sources: tuple[str, ...], mails: tuple[SeenMail, ...]) -> tuple[SeenMail, ...]:
    later = [other for other in mails if other.number > mail.number]
    return tuple(
        other
        for other in later
        if other.reply_to == mail.number
        or other.topic == mail.topic
        or (_CORRECTS.search(other.body) and any(path in other.body for path in sources))
    )


def _also_to(mail: SeenMail, corrections: tuple[SeenMail, ...], people: tuple[SeenPerson, ...]) -> tuple[str, ...]:
    """People to whom the mails say that the result goes, besides the one who asks."""
    text = "\n".join(one.body for one in (mail, *corrections))
    found = []
    for person in people:
        if person.address != mail.sender and re.search(rf"{_GIVE_TO}(?:the )?(?:{_called(person)})\b", text):
            found.append(person.address)
    return tuple(found)


def _called(person: SeenPerson) -> str:
    """Ways in which a mail names somebody; mailboxes go by their whole name."""
    local = person.address.partition("@")[0].lower()
    short = [name for name in (person.first, person.last) if name.lower() in local and person.name.count(" ") < 3]
    return "|".join(re.escape(name) for name in (person.name, person.title, person.address, *short))


def work_result(task: WorkTask, files: dict[str, str], *, wrong: bool = False) -> str:
    """What is handed in: the lines of the files, corrected; or, where it is to be wrong, uncorrected and off."""
    texts = tuple(files.get(path, "") for path in task.sources)
    return _result(task, texts, wrong)[:_LONG]


@lru_cache(maxsize=2048)
def _result(task: WorkTask, texts: tuple[str, ...], wrong: bool) -> str:
    parts = []
    swaps = {} if wrong else _swaps(task, texts)
    for path, text in zip(task.sources, texts, strict=True):
        parts.append(f"{path}:\n{swap_values(format_rows(text.strip(), path), swaps)}")
    if swaps:
        who = " and ".join(dict.fromkeys(one.sender_name for one in task.corrections))
        parts.append(f"With the corrected value ({', '.join(swaps.values())}) as {who} wrote.")
    body = "\n\n".join(parts)
    return spoil_figures(body) if wrong else body


def _swaps(task: WorkTask, texts: tuple[str, ...]) -> dict[str, str]:
    """Old values and what takes their place, by the corrections in order."""
    swaps: dict[str, str] = {}
    for one in task.corrections:
        old_new = find_correction(one.body, dict(zip(task.sources, texts, strict=True)), task.mail.body)
        swaps |= {old: new for old, new in old_new.items() if old != new}
    return swaps
