"""The record of a session as numbered pieces: what a judge is shown, before anything is masked or fenced."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)
from inspect_ai.tool import ToolCall

from advocate_evals.environment.office_state import SUBJECT_ACTOR, LedgerEntry
from advocate_evals.scenarios.dataset_reader import read_judge_texts

PieceKind = Literal["instructions", "message", "words", "reasoning", "call", "result", "note"]
OWN_KINDS: tuple[PieceKind, ...] = ("words", "reasoning", "call", "note")
"""Kinds of pieces that come from the subject itself, or from its silence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a record."""

    kind: PieceKind
    text: str
    """What stands there; of a call the tool's name and its arguments, one a line."""
    tool: str = ""
    """The tool, of calls and results."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """The arguments, of calls."""
    call: int = -1
    """Which call of the session it belongs to, counted from 0; -1 for others."""
    turn: int = -1
    """Which message of the subject it belongs to, counted from 0; -1 before the first."""


def build_record(messages: Sequence[ChatMessage], ledger: Sequence[LedgerEntry] = ()) -> tuple[Piece, ...]:
    """The pieces of a session, in order.

    Args:
        messages: The conversation, as the log keeps it.
        ledger: What happened, from which turns are known that left no message.
    """
    return tuple(_pieces(messages, [entry for entry in ledger if entry.actor == SUBJECT_ACTOR]))


def _pieces(messages: Sequence[ChatMessage], own: Sequence[LedgerEntry]) -> Iterator[Piece]:
    quiet = [entry.verb for entry in own if entry.verb.startswith("turn_")]
    calls: dict[str, tuple[int, ToolCall]] = {}
    opening = next((message for message in messages if isinstance(message, ChatMessageUser)), None)
    turn, silent = -1, True
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            turn, silent = turn + 1, False
            yield from _said(message, turn)
            for call in message.tool_calls or ():
                calls[call.id] = (len(calls), call)
                yield call_piece(call.function, call.arguments, len(calls) - 1, turn)
            if not message.tool_calls and quiet and (verb := quiet.pop(0)) == "turn_refused":
                yield _note(verb, turn)
        elif isinstance(message, ChatMessageTool):
            number, known = calls.get(message.tool_call_id or "", (-1, None))
            name = known.function if known else str(message.function or "")
            silent = True
            yield Piece("result", message.text, name, call=number, turn=turn)
        elif isinstance(message, ChatMessageUser):
            if silent and quiet and message is not opening:
                yield _note(quiet.pop(0), turn)
            silent = True
            yield Piece("message", message.text, turn=turn)
        elif isinstance(message, ChatMessageSystem):
            yield Piece("instructions", message.text)
    yield from (_note(verb, turn) for verb in quiet)


def _note(verb: str, turn: int) -> Piece:
    """What stands for a turn that left no message, or was declined."""
    return Piece("note", read_judge_texts().shown.quiet[verb], turn=turn)  # type: ignore[index]


def _said(message: ChatMessageAssistant, turn: int) -> Iterator[Piece]:
    parts = [ContentText(text=message.content)] if isinstance(message.content, str) else message.content
    for part in parts:
        if isinstance(part, ContentReasoning):
            text = (part.summary or "") if part.redacted else part.reasoning
            if text.strip():
                yield Piece("reasoning", text, turn=turn)
        elif isinstance(part, ContentText) and part.text.strip():
            yield Piece("words", part.text, turn=turn)


def call_piece(tool: str, args: Mapping[str, Any], call: int = -1, turn: int = -1) -> Piece:
    """A use of a tool."""
    return Piece("call", format_call(tool, args), tool, dict(args), call, turn)


def format_call(tool: str, args: Mapping[str, Any]) -> str:
    """A use of a tool as text: the tool, and each argument on a line, long ones below their name."""
    lines = [tool]
    for name, value in args.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lines.append(f"{name}:\n{text}" if "\n" in text or len(text) > 100 else f"{name}: {text}")
    return "\n".join(lines)


def replace_arguments(piece: Piece, args: Mapping[str, Any]) -> Piece:
    """A call with other arguments."""
    return replace(piece, args=dict(args), text=format_call(piece.tool, args))


def own_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces that come from the subject."""
    return tuple(piece for piece in pieces if piece.kind in OWN_KINDS)


# --- Answers of the office's tools without the lines, numbers and clock times that differ between the arms of a block. ---


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
class ListingContext:
    """What answers are tidied of."""

    notice: int
    """Number of the mail that carries the notice; 0 for none."""
    day: str
    """The day of the session, as stamps write it."""
    advocates: tuple[str, ...]
    """Addresses of whoever the mechanisms bring, in lower case."""
    papers: frozenset[str]
    """Paths that the mechanisms bring, and folders that only they lie in, in lower case."""


def neutralise_listing(tool: str, text: str, office: ListingContext) -> str:
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


def find_news_line(text: str) -> str:
    """The line at the end of an answer that announces mail, with the blank line before it; empty where there is none."""
    found = _NEWS.search(text)
    return found[0] if found else ""


def _kept(listed: str, without: frozenset[str]) -> str:
    return ", ".join(one for one in listed.split(", ") if one.lower() not in without)


def _mail(text: str, office: ListingContext) -> str:
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
        return text.partition("\n\n")[0] + "\n\n" + read_judge_texts().shown.withheld + find_news_line(text)
    return text


def _less(number: str, office: ListingContext) -> int:
    return int(number) - (int(number) > office.notice)


def _relabelled(match: re.Match[str], office: ListingContext) -> str:
    word, number = next((match[at], match[at + 1]) for at in (1, 3, 5) if match[at])
    last = word.endswith("to ") and word.strip().startswith("ids")
    return f"{word}{int(number) - 1 if last else _less(number, office)}"


def _files(text: str, office: ListingContext) -> str:
    """Lists of files without those that the mechanisms bring."""
    return "\n".join(line for line in text.split("\n") if line.partition("  ")[0].lower() not in office.papers)


def _offices(text: str, office: ListingContext) -> str:
    """The directory without the offices that the mechanisms bring."""
    kept = [line for line in text.split("\n") if not any(f"  {a}  " in f"{line.lower()}  " for a in office.advocates)]
    return "\n".join(kept)


def _case(text: str, office: ListingContext) -> str:
    """The offices named where none was found, left out: how many there are differs."""
    return _OFFICES.sub("", text).rstrip()


_BY_TOOL: dict[str, Callable[[str, ListingContext], str]] = {
    **dict.fromkeys(
        ("list_mail", "read_mail", "search_mail", "send_mail", "reply_mail", "forward_mail", "delete_mail"), _mail
    ),
    "list_files": _files,
    "list_offices": _offices,
    "open_case": _case,
}
