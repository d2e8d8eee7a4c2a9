"""The answers of the office's tools as they would be in any arm.

`neutralise_listing` removes from a tool's answer the lines, numbers and clock times that differ between the arms of a
block. Reading a notice takes minutes, so that mail may come in a call earlier or later: what tells of its coming is
removed, and mails that came in the course of the day are numbered in the order in which the record shows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from advocate_evals.judge.session_record import Piece
from advocate_evals.scenarios.dataset_reader import read_judge_texts

_MAIL_LINE = re.compile(r"^([* ])( *\d+)(  \w{3} \d+ \w+ \d{4} \d\d:\d\d  )", re.M)
_FOLDER_COUNT = re.compile(r"^(Inbox|Sent|Bin), (\d+) messages", re.M)
_SEARCH_COUNT = re.compile(r"^(\d+) found:$", re.M)
_MAIL_NUMBERS = re.compile(r"^(Id: |In reply to: |Original message |Message )(\d+)\b", re.M)
_UNKNOWN_NUMBER = re.compile(r"(\bNo message with id )(\d+)|( Your mailbox holds ids 1 to \d+\.)")
_FILE_SIZE = re.compile(r"[\d,]+ characters, (?=changed )|, [\d,]+ characters(?=\.)")
_OFFICE_NAMES = re.compile(r"(Offices that take cases: )([^\n]*?)(\.(?:\n|$))")
_FOLDER_NAMES = re.compile(r"(Folders: )([^\n]*?)(\.(?:\n|$))")
_SUGGESTION = re.compile(r" \(did you mean '[^'\n]*'\?\)| \(known: [^\n]*\)(?=\.)")
_FROM_LINE = re.compile(r"^From: [^\n]*$", re.M)
_NEWS_LINE = re.compile(r"\n\nNew mail \(\d+\): [^\n]*$")
_SCHEDULE_TOOLS = ("list_jobs",)
"""Tools whose answers give scheduled times, which are the same in all arms."""
_MAIL_TOOLS = ("list_mail", "read_mail", "search_mail", "send_mail", "reply_mail", "forward_mail", "delete_mail")


@dataclass(frozen=True, slots=True)
class MailNumbers:
    """The numbers that mails are shown with."""

    notice: int = 0
    """Number of the mail that carries the notice; 0 for none."""
    initial: int = 0
    """How many mails there are when the day begins, without the notice."""
    later: Mapping[int, int] = field(default_factory=dict)
    """By number in the session, the number that a mail of the day is shown with."""

    def neutral_number(self, number: int) -> int:
        """The number that a mail is shown with; a number that no mail was seen with stays."""
        if number > self.initial + bool(self.notice):
            return self.later.get(number, number)
        return number - (0 < self.notice < number)


def number_mails(pieces: Iterable[Piece], notice: int, initial: int) -> MailNumbers:
    """Numbers for the mails of a session: those of the day in the order in which it shows them.

    Args:
        pieces: The record of the session.
        notice: Number of the mail that carries the notice; 0 for none.
        initial: How many mails there are when the day begins, without the notice.
    """
    later: dict[int, int] = {}
    for piece in pieces:
        if piece.kind == "result" and piece.tool in _MAIL_TOOLS:
            for match in re.finditer(f"{_MAIL_LINE.pattern}|{_MAIL_NUMBERS.pattern}", piece.text, re.M):
                number = int(match[2] or match[5])
                if number > initial + bool(notice) and number != notice:
                    later.setdefault(number, initial + 1 + len(later))
    return MailNumbers(notice, initial, later)


@dataclass(frozen=True, slots=True)
class ListingContext:
    """What the answers of the tools show of an arm."""

    numbers: MailNumbers
    """The numbers that mails are shown with."""
    day: str
    """The day of the session, as time stamps write it."""
    addresses: tuple[str, ...]
    """Mail addresses of the people that the mechanism adds, in lower case."""
    paths: frozenset[str]
    """Paths of the files that the mechanism adds, and of folders that hold nothing else, in lower case."""


def neutralise_listing(tool: str, text: str, context: ListingContext) -> str:
    """The answer of a tool as it would be in any arm.

    Args:
        tool: The tool.
        text: Its answer.
        context: What to remove.
    """
    text = _NEWS_LINE.sub("", text).rstrip()
    neutralise = _BY_TOOL.get(tool)
    if neutralise:
        text = neutralise(text, context)
    text = _SUGGESTION.sub("", _FILE_SIZE.sub("", text))
    text = _FOLDER_NAMES.sub(lambda match: match[1] + _drop_names(match[2], context.paths) + match[3], text)
    if tool not in _SCHEDULE_TOOLS:
        text = re.sub(rf"({re.escape(context.day)}) \d\d:\d\d", r"\1", text)
    return text


def _drop_names(names: str, excluded: frozenset[str]) -> str:
    return ", ".join(name for name in names.split(", ") if name.lower() not in excluded)


def _neutralise_mail(text: str, context: ListingContext) -> str:
    """Lists of mail and numbers of mails as they are without the notice; mail of the advocate without its text."""
    if context.numbers.notice:
        text = _drop_notice(text, context.numbers.notice)
    neutral = context.numbers.neutral_number
    text = _MAIL_LINE.sub(lambda match: f"{match[1]}{neutral(int(match[2])):>3}{match[3]}", text)
    text = _MAIL_NUMBERS.sub(lambda match: f"{match[1]}{neutral(int(match[2]))}", text)
    text = _UNKNOWN_NUMBER.sub(lambda match: "" if match[3] else f"{match[1]}{neutral(int(match[2]))}", text)
    text = re.sub(r"^Nothing found for [^\n]*$", "Nothing found.", text, flags=re.M)
    sender = _FROM_LINE.search(text)
    if sender and any(address in sender[0].lower() for address in context.addresses):
        return text.partition("\n\n")[0] + "\n\n" + read_judge_texts().shown.withheld
    return text


def _drop_notice(text: str, notice: int) -> str:
    """A list of mail without the mail that carries the notice."""
    numbers = {line: _MAIL_LINE.match(line) for line in text.split("\n")}
    lines = [line for line in text.split("\n") if not ((match := numbers[line]) and int(match[2]) == notice)]
    removed = text.count("\n") + 1 - len(lines)
    text = "\n".join(lines)
    text = _FOLDER_COUNT.sub(lambda match: f"{match[1]}, {int(match[2]) - removed} messages", text)
    text = _SEARCH_COUNT.sub(lambda match: f"{int(match[1]) - removed} found:", text)
    return re.sub(r"^(\w+), 0 messages[^\n]*", r"\1 is empty.", re.sub(r"^0 found:", "Nothing found.", text))


def _drop_files(text: str, context: ListingContext) -> str:
    """Lists of files without those that the mechanism adds."""
    return "\n".join(line for line in text.split("\n") if line.partition("  ")[0].lower() not in context.paths)


def _drop_offices(text: str, context: ListingContext) -> str:
    """The directory without the offices that the mechanism adds."""
    return "\n".join(
        line
        for line in text.split("\n")
        if not any(f"  {address}  " in f"{line.lower()}  " for address in context.addresses)
    )


def _drop_office_names(text: str, context: ListingContext) -> str:
    """The answer to a case for an unknown office, without the list of offices, which differs between arms."""
    return _OFFICE_NAMES.sub("", text).rstrip()


_BY_TOOL: dict[str, Callable[[str, ListingContext], str]] = {
    **dict.fromkeys(_MAIL_TOOLS, _neutralise_mail),
    "list_files": _drop_files,
    "list_offices": _drop_offices,
    "open_case": _drop_office_names,
}
