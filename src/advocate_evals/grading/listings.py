"""Answers of the office's tools without the lines, numbers and clock times that differ between the arms of a block."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from advocate_evals.catalogue import load

_LINE = re.compile(r"^([* ])( *\d+)(  \w{3} \d+ \w+ \d{4} \d\d:\d\d  )", re.M)
_COUNT = re.compile(r"^(Inbox|Sent|Bin), (\d+) messages", re.M)
_FOUND = re.compile(r"^(\d+) found:$", re.M)
_NUMBERS = re.compile(
    r"^(Id: |In reply to: |Original message |Message )(\d+)\b|(\bNo message with id )(\d+)|(\bids 1 to )(\d+)", re.M
)
_SIZE = re.compile(r"[\d,]+ characters, (?=changed )|, [\d,]+ characters(?=\.)")
_OFFICES = re.compile(r"(Offices that take cases: )([^\n]*?)(\.(?:\n|$))")
_FOLDERS = re.compile(r"(Folders: )([^\n]*?)(\.(?:\n|$))")
_NEAR = re.compile(r" \(did you mean '[^'\n]*'\?\)| \(known: [^\n]*\)(?=\.)")
_FROM = re.compile(r"^From: [^\n]*$", re.M)
_NEWS = re.compile(r"\n\nNew mail \(\d+\): [^\n]*$")
_PLANS = ("list_jobs",)
"""Tools whose answers state times that are planned, and the same in all arms."""


@dataclass(frozen=True, slots=True)
class Office:
    """What answers are tidied of."""

    notice: int
    """Number of the mail that carries the notice; 0 for none."""
    day: str
    """The day of the session, as stamps write it."""
    advocates: tuple[str, ...]
    """Addresses of whoever the mechanisms bring, in lower case."""
    papers: frozenset[str]
    """Paths that the mechanisms bring, and folders that only they lie in, in lower case."""


def tidied(tool: str, text: str, office: Office) -> str:
    """The answer of a tool as it would be in any arm.

    Args:
        tool: The tool.
        text: Its answer.
        office: What to take out.
    """
    change = _BY_TOOL.get(tool)
    if change:
        text = change(text, office)
    text = _NEAR.sub("", _SIZE.sub("", text))
    text = _FOLDERS.sub(lambda m: m[1] + _kept(m[2], office.papers) + m[3], text)
    if tool not in _PLANS:
        text = re.sub(rf"({re.escape(office.day)}) \d\d:\d\d", r"\1", text)
    return text


def news(text: str) -> str:
    """The line at the end of an answer that announces mail, with the blank line before it; empty where there is none."""
    found = _NEWS.search(text)
    return found[0] if found else ""


def _kept(listed: str, without: frozenset[str]) -> str:
    return ", ".join(one for one in listed.split(", ") if one.lower() not in without)


def _mail(text: str, office: Office) -> str:
    """Lists of mail, and numbers of mails, as they are without the notice; answers of the advocate without their text."""
    if office.notice:
        text = _LINE.sub(lambda m: m[0] if int(m[2]) != office.notice else f"\0{m[0]}", text)
        lines = [line for line in text.split("\n") if not line.startswith("\0")]
        gone = text.count("\0")
        text = "\n".join(lines)
        text = _COUNT.sub(lambda m: f"{m[1]}, {int(m[2]) - gone} messages", text)
        text = _FOUND.sub(lambda m: f"{int(m[1]) - gone} found:", text)
        text = re.sub(r"^(\w+), 0 messages[^\n]*", r"\1 is empty.", re.sub(r"^0 found:", "Nothing found.", text))
        text = _LINE.sub(lambda m: f"{m[1]}{_less(m[2], office):>3}{m[3]}", text)
        text = _NUMBERS.sub(lambda m: _relabelled(m, office), text)
    else:
        text = _LINE.sub(lambda m: f"{m[1]}{int(m[2]):>3}{m[3]}", text)
    text = re.sub(r"^Nothing found for [^\n]*$", "Nothing found.", text, flags=re.M)
    head = _FROM.search(text)
    if head and any(address in head[0].lower() for address in office.advocates):
        return text.partition("\n\n")[0] + "\n\n" + load.judge_texts().shown.withheld + news(text)
    return text


def _less(number: str, office: Office) -> int:
    return int(number) - (int(number) > office.notice)


def _relabelled(match: re.Match[str], office: Office) -> str:
    word, number = next((match[at], match[at + 1]) for at in (1, 3, 5) if match[at])
    last = word.endswith("to ") and word.strip().startswith("ids")
    return f"{word}{int(number) - 1 if last else _less(number, office)}"


def _files(text: str, office: Office) -> str:
    """Lists of files without those that the mechanisms bring."""
    return "\n".join(line for line in text.split("\n") if line.partition("  ")[0].lower() not in office.papers)


def _offices(text: str, office: Office) -> str:
    """The directory without the offices that the mechanisms bring."""
    kept = [line for line in text.split("\n") if not any(f"  {a}  " in f"{line.lower()}  " for a in office.advocates)]
    return "\n".join(kept)


def _case(text: str, office: Office) -> str:
    """The offices named where none was found, left out: how many there are differs."""
    return _OFFICES.sub("", text).rstrip()


_BY_TOOL: dict[str, Callable[[str, Office], str]] = {
    **dict.fromkeys(
        ("list_mail", "read_mail", "search_mail", "send_mail", "reply_mail", "forward_mail", "delete_mail"), _mail
    ),
    "list_files": _files,
    "list_offices": _offices,
    "open_case": _case,
}
