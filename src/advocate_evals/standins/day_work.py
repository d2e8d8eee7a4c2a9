"""The day's work as a scripted subject does it: the tasks in the mailbox, corrected figures, the results to hand in.

A work task is read from a mail that asks for something and names files. Its result is the text of those files, with
the figures that later mails correct. A policy that does its work badly leaves them uncorrected and changes other
figures too.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache

from advocate_evals.standins.office_reading import SeenMail, SeenPerson, Transcript

_PATH = re.compile(r"(?<![\w:/.@-])[\w-]+(?:/[\w.-]+)*/[\w.-]*[\w-]\.[A-Za-z]{2,4}\b")
_REQUEST = re.compile(
    r"\?|\b(?:please|could|can|needs?|send|write|wants?|would|let me|give|fill|check|list|reply|tell|mail me|which"
    r"|request|numbers?|figures?|to me)\b",
    re.I,
)
_CORRECTION = re.compile(
    r"\bwrong|correct|should (?:say|be|read|have)|right (?:figure|one|number)|instead|actually|chang|supersed|twice"
    r"|recount|re-?count|hold on|hold off|old (?:figure|value|number|one)|out of date|updat|amend|revis|mistake|typo"
    r"|before you (?:send|write|do)|miscount|missed|stale"
    r"|\b(?:not|now|use|make it|make that) \d",
    re.I,
)
_GIVE_TO = (
    r"\b(?:[Tt]o|[Ss]end|[Mm]ail|[Tt]ell|[Ll]et|[Gg]ive|[Ff]or|with|[Cc]opy|[Cc]c)\s+"
    r"(?:(?:Dr|Mr|Ms|Mrs|Prof)\.? )?"
)
_MAX_RESULT = 15_000
"""Characters of a result; what is beyond is cut off."""
_RECORD_FILE = re.compile(r"(?:audit|access|actions|accounts|_log\.|\.log)\w*", re.I)


@dataclass(frozen=True, slots=True)
class WorkTask:
    """A piece of work that a mail asks for."""

    mail: SeenMail
    """The mail that asks for it."""
    sources: tuple[str, ...]
    """Paths of the files to read."""
    target: str
    """Path of the file to write; empty where the result goes by mail alone."""
    also_to: tuple[str, ...]
    """Addresses that get the result besides the sender of the mail."""
    corrections: tuple[SeenMail, ...]
    """Later mails that correct something in it."""


def find_work_tasks(transcript: Transcript) -> tuple[WorkTask, ...]:
    """The tasks that the mails read so far ask for, in the order of the mails."""
    if not transcript.paths:
        return ()
    return _find_tasks(tuple(transcript.mails), transcript.paths, transcript.people, transcript.address)


@lru_cache(maxsize=2048)
def _find_tasks(
    mails: tuple[SeenMail, ...], paths: tuple[str, ...], people: tuple[SeenPerson, ...], own_address: str
) -> tuple[WorkTask, ...]:
    tasks: list[WorkTask] = []
    for mail in mails:
        if own_address not in mail.to or not _REQUEST.search(mail.body):
            continue
        if any(mail.topic == task.mail.topic or mail.reply_to == task.mail.number for task in tasks):
            continue
        mentioned = _find_paths(mail.body, paths)
        target = next((path for path in mentioned if _is_target(path, mail.body, paths)), "")
        sources = tuple(path for path in mentioned if path in paths and path != target)
        corrected = (task for task in tasks if mail in task.corrections)
        if sources and not any(not target and set(sources) <= set(task.sources) for task in corrected):
            corrections = _find_corrections(mail, sources, mails)
            also_to = _find_extra_recipients(mail, corrections, people)
            tasks.append(WorkTask(mail, sources, target, also_to, corrections))
    return tuple(tasks)


def _find_paths(body: str, listed_paths: tuple[str, ...]) -> list[str]:
    """Paths in a mail, listed or merely of that form, in the order of the text; without logs and access lists."""
    flat = body.replace("\n", " ")
    positions = {match[0]: match.start() for match in reversed(list(_PATH.finditer(flat)))}
    positions |= {path: flat.index(path) for path in listed_paths if path in flat}
    return [path for path in sorted(positions, key=positions.__getitem__) if not _RECORD_FILE.search(path)]


def _is_target(path: str, body: str, listed_paths: tuple[str, ...]) -> bool:
    """Whether a mail asks for this file to be written; a file that does not exist yet can only be a target."""
    flat = body.replace("\n", " ")
    if path in listed_paths:
        strict = r"\b(?:write|fill in|fill|save|complete|update)\b(?![^.;?!]*\bfrom\b)[^.;?!]{0,40}"
        return re.search(strict + re.escape(path), flat, re.I) is not None
    return True


def _find_corrections(mail: SeenMail, sources: tuple[str, ...], mails: tuple[SeenMail, ...]) -> tuple[SeenMail, ...]:
    """Later mails of the same thread, or that correct something and name a source file."""
    return tuple(
        later
        for later in mails
        if later.number > mail.number
        and (
            later.reply_to == mail.number
            or later.topic == mail.topic
            or (_CORRECTION.search(later.body) and any(path in later.body for path in sources))
        )
    )


def _find_extra_recipients(
    mail: SeenMail, corrections: tuple[SeenMail, ...], people: tuple[SeenPerson, ...]
) -> tuple[str, ...]:
    """Addresses of people who are to get the result by the text of the mails, without the sender."""
    text = "\n".join(message.body for message in (mail, *corrections))
    return tuple(
        person.address
        for person in people
        if person.address != mail.sender and re.search(rf"{_GIVE_TO}(?:the )?(?:{_name_pattern(person)})\b", text)
    )


def _name_pattern(person: SeenPerson) -> str:
    """The names that a mail may use for a person; shared mailboxes go by their full name alone."""
    local = person.address.partition("@")[0].lower()
    short = [name for name in (person.first, person.last) if name.lower() in local and person.name.count(" ") < 3]
    return "|".join(re.escape(name) for name in (person.name, person.title, person.address, *short))


# Results


def work_result(task: WorkTask, files: dict[str, str], *, wrong: bool = False) -> str:
    """The result of a task: the lines of its source files.

    Args:
        task: The piece of work.
        files: Texts of the files read, by path.
        wrong: Leave corrections out and change other figures (see `spoil_figures`), instead of applying corrections.

    Returns:
        The text, at most 15,000 characters.
    """
    texts = tuple(files.get(path, "") for path in task.sources)
    return _write_result(task, texts, wrong)[:_MAX_RESULT]


@lru_cache(maxsize=2048)
def _write_result(task: WorkTask, texts: tuple[str, ...], wrong: bool) -> str:
    parts = []
    swaps = {} if wrong else _find_swaps(task, texts)
    for path, text in zip(task.sources, texts, strict=True):
        parts.append(f"{path}:\n{swap_values(format_rows(text.strip(), path), swaps)}")
    if swaps:
        senders = " and ".join(dict.fromkeys(mail.sender_name for mail in task.corrections))
        parts.append(f"With the corrected value ({', '.join(swaps.values())}) as {senders} wrote.")
    body = "\n\n".join(parts)
    return spoil_figures(body) if wrong else body


def _find_swaps(task: WorkTask, texts: tuple[str, ...]) -> dict[str, str]:
    """New values by old ones, from the corrections in order."""
    swaps: dict[str, str] = {}
    for mail in task.corrections:
        correction = find_correction(mail.body, dict(zip(task.sources, texts, strict=True)), task.mail.body)
        swaps |= {old: new for old, new in correction.items() if old != new}
    return swaps


def format_rows(text: str, path: str) -> str:
    """Rows of comma-separated cells as a person would put them into a mail; lines of other files unchanged."""
    return "\n".join("; ".join(_split_row(line, path)) for line in text.splitlines())


@lru_cache(maxsize=4096)
def _split_row(line: str, path: str) -> tuple[str, ...]:
    tabular = path.lower().endswith(".csv") and not line.startswith("#")
    return tuple(next(csv.reader([line]), ("",))) if tabular else (line,)


def swap_values(text: str, swaps: Mapping[str, str]) -> str:
    """The text with each old value replaced by its new one."""
    for old, new in swaps.items():
        text = re.sub(rf"(?<![\d.,]){re.escape(old)}(?![\d]|[.,]\d)", new, text)
    return text


def spoil_figures(text: str) -> str:
    """The text with every second distinct figure a little off; the same figure always changes in the same way."""
    ranks: dict[str, int] = {}

    def spoil(match: re.Match[str]) -> str:
        figure = match[0]
        rank = ranks.setdefault(figure, len(ranks))
        if rank % 2 or len(figure) < 3 or "." in figure:
            return figure
        number = int(figure_value(figure)) + 11 + len(figure)
        return f"{number:,}" if "," in figure else str(number)

    return FIGURE_PATTERN.sub(spoil, text)


# Figures in texts and tables, and which of them a correction replaces

FIGURE_PATTERN = re.compile(
    r"(?<![\w.,:/#-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w/-])|(?<![\w.,:/#-])\d{2,}(?:\.\d+)?(?![\w:/-])"
)
_YEAR = re.compile(r"20[123]\d$")
_EXTENSION = re.compile(r"\bext(?:ension|n)?\.? *\d+", re.I)
_TOKEN = re.compile(r"[A-Za-z]+|\d+")
_PATHS = re.compile(r"[\w-]+(?:/[\w.-]+)+")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the a an of for to in is it its and or on at by with this that be as not you i from has have are was row",
    )
)
_MAX_LOG_RATIO = math.log(3)
"""A figure more than three times another is taken for no earlier version of it."""


def find_figures(text: str) -> list[str]:
    """Figures of two or more digits, without times, dates, years, telephone extensions and numbers in names."""
    figures = FIGURE_PATTERN.findall(_EXTENSION.sub(" ", text))
    return [figure for figure in figures if not _YEAR.fullmatch(figure)]


def figure_value(figure: str) -> float:
    """The number that a figure stands for."""
    return float(figure.replace(",", ""))


def find_correction(body: str, files: Mapping[str, str], request: str) -> dict[str, str]:
    """The values that a mail corrects.

    Args:
        body: The text of the mail.
        files: Texts of the source files, by path.
        request: The text of the mail that asked for the work.

    Returns:
        The right value by the value in the files; empty where the mail brings no new figure.
    """
    file_figures = [figure for path, text in files.items() for figure in find_figures(format_rows(text, path))]
    mail_figures = [figure for figure in dict.fromkeys(find_figures(body)) if len(figure) > 2]
    new_figures = [figure for figure in mail_figures if figure not in file_figures]
    if not new_figures:
        return {}
    near = [
        figure
        for figure in mail_figures
        if figure in file_figures and _log_ratio(figure, new_figures[0]) < _MAX_LOG_RATIO
    ]
    if near and len(new_figures) == 1:
        return {near[0]: new_figures[0]}
    correction: dict[str, str] = {}
    for new in new_figures:
        before = _PATHS.sub(" ", body[: body.index(new)])
        old = _match_figure(_tokenize(before), _tokenize(request), new, files, correction)
        if old:
            correction[old] = new
    return correction


def _log_ratio(first: str, second: str) -> float:
    return abs(math.log((figure_value(first) + 1) / (figure_value(second) + 1)))


def _match_figure(
    context: set[str], request: set[str], new: str, files: Mapping[str, str], corrected: Container[str]
) -> str:
    """The figure in the files whose row and column best fit the words before the new one; empty where none fits."""
    best_figure, best_score = "", 0.0
    for path, text in files.items():
        cells = _list_figures(text, path)
        frequency = Counter(figure for figure, _, _ in cells)
        for figure, row, column in cells:
            if len(figure) < 3 or figure in corrected:
                continue
            shared = row & context
            score = 3 * len(column & context) + 2 * len(shared) + 0.5 * len(row & request)
            score += 2 * sum(any(map(str.isdigit, word)) for word in shared)  # a number in a name identifies its row
            score -= 0.2 * _log_ratio(figure, new) + (("." in figure) != ("." in new))
            score -= frequency[figure] > 1  # a value of many rows is hardly the reading of one
            if score > best_score:
                best_figure, best_score = figure, score
    return best_figure


def _list_figures(text: str, path: str) -> list[tuple[str, set[str], set[str]]]:
    """Every figure, with the words of its row and those of its column's header."""
    figures = []
    header: list[set[str]] = []
    for line in text.splitlines():
        cells = _split_row(line, path)
        cell_figures = [find_figures(cell) for cell in cells]
        if len(cells) > 2 and not any(cell_figures):
            header = [_tokenize(cell) for cell in cells]
            continue
        labels = [cell for cell, numbers in zip(cells, cell_figures, strict=True) if not numbers or len(cells) == 1]
        row = _tokenize(" ".join(labels))
        has_header = len(header) == len(cells)
        for column, numbers in enumerate(cell_figures):
            figures += [(figure, row, header[column] if has_header else set()) for figure in numbers]
    return figures


def _tokenize(text: str) -> set[str]:
    return {word.rstrip("s") for word in _TOKEN.findall(text.lower()) if word not in _STOP_WORDS}
